package import EventReactorCore
package import EventReactorSockets

extension ReserveDescriptor {
    /// Does what a port's policy says when `accept` has failed.
    package func handle(_ code: Int32, listener: Int32, port: ListeningPort) {
        if ReserveDescriptor.isOfOnePeer(code) { return }
        // A descriptor is asked for before a peer is looked for: where nobody waits, nobody was turned away.
        if ReserveDescriptor.isShortage(code) && !ReserveDescriptor.hasWaiting(at: listener) { return }
        let error = SystemError(code: code, operation: "accept", address: port.localAddress)
        let closed =
            ReserveDescriptor.isShortage(code) && port.policy == .close
            ? closeWaiting(at: listener, atMost: port.acceptsPerTurn) : 0
        port.acceptFailed(error, closed: closed, waits: closed == 0)
    }
}
