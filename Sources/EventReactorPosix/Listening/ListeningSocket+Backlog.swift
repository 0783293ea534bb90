import CEventReactorShims
package import EventReactorCore
import Glibc

extension ListeningSocket {
    /// Has the kernel take no new connections, as far as it can, and leaves those that wait in the backlog.
    ///
    /// A peer whose attempt comes from now on is not told that it succeeded: a UNIX socket refuses it, and to TCP's the
    /// kernel does not answer, so that the peer asks again a second later and is refused then, or is served by another
    /// socket of the address. Without this a connection could come between the last `accept` and `close`, and be reset.
    /// A socket that others may hold too is left as it is.
    ///
    /// - Returns: how many connections wait at most; 0 if accepting them is not this socket's duty.
    package borrowing func endArrivals() -> Int {
        guard duties.contains(.serveBacklog) else { return 0 }
        let isOwn = duties.contains(.shutDown)
        guard address.family != .unix else {
            if isOwn { _ = shutdown(descriptor, Int32(SHUT_RD)) }
            // The kernel does not say how many; a shared socket's may become more.
            return isOwn ? Int.max : ListeningSocket.sharedBound
        }
        let isClosed = isOwn && er_refuse_attempts(descriptor) == 0
        let count = Int(er_backlog_count(descriptor))
        guard count >= 0 else { return ListeningSocket.sharedBound }
        // The handshakes under way are few, and complete.
        return isClosed ? count + ListeningSocket.handshakes : count
    }

    private static var sharedBound: Int { 4096 }
    private static var handshakes: Int { 256 }

    /// Accepts one connection: its descriptor and peer, or -1 with `errno` set.
    package static func accept(at listener: Int32) -> (descriptor: Int32, peer: SocketAddress) {
        var form = sockaddr_storage()
        var length: UInt32 = 0
        return unsafe withUnsafeMutablePointer(to: &form) { form in
            let accepted = unsafe er_accept_from(listener, form, &length)
            guard accepted >= 0 else { return (accepted, .unnamedUnix) }
            return unsafe form.withMemoryRebound(to: sockaddr.self, capacity: 1) { form in
                (accepted, unsafe SocketAddress(kernelForm: form, length: length))
            }
        }
    }
}
