import EventReactorCore

/// One connection of a ``ConnectionPool``, from the connect to the loss.
final class PoolMember<Session: Protocol>: Factory, ConnectionObserver {
    enum State {
        case connecting
        case checking
        /// Waits to be lent in this turn or the next: it is new, or has passed its check.
        case ready
        case idle
        case borrowed
        /// Closes, or has ended.
        case closing
    }

    /// The pool, which retains its members too; nil when the connection has ended.
    private(set) var pool: ConnectionPool<Session>?
    var state = State.connecting
    var connector: Connector?
    /// The protocol, from its making to the loss.
    private(set) var session: Session?
    var check: HealthCheck?
    var checkTimeout: ArmedTimeout?
    /// Whether a waiter learns of its end: it was never idle or borrowed.
    var isNew = true
    /// The error for that waiter, if it is not the loss itself.
    var failure: PoolError?
    var establishedAt: ReactorInstant?
    var idleSince: ReactorInstant?
    /// Its index in the pool's table.
    var index = 0

    init(of pool: ConnectionPool<Session>) {
        self.pool = pool
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        let made = pool?.makeSession()
        // The closure may have closed the pool.
        guard let pool else { return nil }
        session = made
        if made == nil { pool.connectFailed(self, .cancelled(to: pool.endpoint.description)) }
        return made
    }

    func connectionEstablished(_ protocol: Protocol) {
        connector = nil
        pool?.established(self)
    }

    func connectionEnded(_ reason: ConnectionLostReason) {
        pool?.lost(self, reason)
    }

    func connectFailed(_ error: ConnectError) {
        pool?.connectFailed(self, error)
    }

    func reactorReleased() -> [Any] {
        pool?.reactorReleased() ?? []
    }

    /// Forgets the pool and the protocol.
    func detach() {
        state = .closing
        endCheck()
        connector = nil
        // Released when the accesses are over: a session's deinit may use its lease.
        _ = session.take()
        _ = pool.take()
    }

    func endCheck() {
        checkTimeout?.cancel()
        checkTimeout = nil
        check?.cancel()
        check = nil
    }
}
