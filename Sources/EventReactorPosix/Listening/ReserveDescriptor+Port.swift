package import EventReactorCore
import Glibc

extension ReserveDescriptor {
    /// The number of consecutive errors of single peers that counts as an error of the listener: a firewall or a filter
    /// of system calls that refuses every `accept` would keep the loop spinning.
    private static let mostPeerErrors = 64

    /// Applies a port's policy after `accept` has failed.
    ///
    /// - Returns: whether the next peer can be accepted at once.
    @discardableResult
    package func handle(_ code: Int32, listener: Int32, port: ListeningPort) -> Bool {
        let error = SystemError(code: code, operation: "accept", address: port.localAddress)
        if ReserveDescriptor.isOfOnePeer(code) {
            port.peerErrors += 1
            guard port.peerErrors >= ReserveDescriptor.mostPeerErrors else { return true }
            port.peerErrors = 0
            port.acceptFailed(error, closed: 0, waits: true)
            return false
        }
        // The kernel allocates a descriptor before it looks for a peer: with none waiting, none was refused.
        if ReserveDescriptor.isShortage(code) && !ReserveDescriptor.hasWaiting(at: listener) { return false }
        let closed =
            ReserveDescriptor.isShortage(code) && port.policy == .close
            ? closeWaiting(at: listener, atMost: port.acceptsPerTurn) : 0
        port.acceptFailed(error, closed: closed, waits: closed == 0)
        return false
    }

    /// Accepts the peers in the backlog of a socket that is about to be closed, and passes them to its port.
    ///
    /// Those without a descriptor are closed, whatever the policy: they cannot wait any longer.
    ///
    /// - Parameters:
    ///   - bound: the largest number of waiting peers, from the socket's `endArrivals`.
    ///   - prepare: applies the settings that a connection has not inherited.
    package func serveBacklog(
        of listener: Int32, atMost bound: Int, for port: ListeningPort, prepare: (Int32) -> Void
    ) {
        var left = bound
        while left > 0 {
            left -= 1
            let (accepted, peer) = ListeningSocket.accept(at: listener)
            if accepted >= 0 {
                prepare(accepted)
                port.arrivedLate(descriptor: accepted, peer: peer)
                continue
            }
            let code = errno
            if code == EAGAIN || code == EINVAL { return }
            if code == EINTR || ReserveDescriptor.isOfOnePeer(code) { continue }
            var closed = 0
            if ReserveDescriptor.isShortage(code) {
                guard ReserveDescriptor.hasWaiting(at: listener) else { return }
                closed = closeWaiting(at: listener, atMost: left + 1)
            }
            let error = SystemError(code: code, operation: "accept", address: port.localAddress)
            return port.acceptFailed(error, closed: closed, waits: false)
        }
    }
}
