import CEventReactorShims
import Glibc

/// A spare descriptor for when none is left, so that a waiting peer can be accepted and closed.
///
/// Without it the listening socket stays readable and the loop spins.
package final class ReserveDescriptor {
    private var descriptor = er_open_reserve()

    init() {}

    deinit {
        shut()
    }

    func shut() {
        if descriptor >= 0 { _ = close(descriptor) }
        descriptor = -1
    }

    /// Whether an errno of `accept` says that descriptors or memory are exhausted.
    static func isShortage(_ code: Int32) -> Bool {
        code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM
    }

    /// Whether an errno of `accept` is that of one connection, which is gone with it: the next can be accepted at once.
    ///
    /// `accept` reports the pending error of the new socket, which may be any of the network's or of a firewall. So these
    /// are all except those of the listening socket itself and those of the whole process.
    static func isOfOnePeer(_ code: Int32) -> Bool {
        switch code {
        case EBADF, ENOTSOCK, EINVAL, EFAULT, ENOSYS: false
        default: !isShortage(code)
        }
    }

    /// Accepts and closes waiting peers, up to a limit.
    ///
    /// - Returns: the number of closed peers; 0 if the reserve does not help.
    func closeWaiting(at listener: Int32, atMost bound: Int) -> Int {
        if descriptor < 0 { descriptor = er_open_reserve() }
        guard descriptor >= 0 else { return 0 }
        _ = close(descriptor)
        var closed = 0
        while closed < bound {
            let peer = er_accept(listener)
            guard peer >= 0 else { break }
            _ = close(peer)
            closed += 1
        }
        descriptor = er_open_reserve()
        return closed
    }

    /// Whether a peer waits to be accepted.
    static func hasWaiting(at listener: Int32) -> Bool {
        var question = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&question, 1, 0) != 0
    }
}
