import EventReactorCore

/// One connect of a ``ReconnectingClient``, and the connection that comes of it.
///
/// A client that stops or connects again detaches it: what happens to its connection later reaches no client.
final class ReconnectAttempt: Factory, ConnectionObserver {
    var client: ReconnectingClient?
    var connector: Connector?
    /// The protocol, from its making to the loss.
    private(set) var session: Protocol?
    var establishedAt: ReactorInstant?

    /// The protocol that has the connection by now: another one may have taken it over.
    var current: Protocol? {
        session.map { made in StreamConnection.of(made.transport)?.servedProtocol ?? made }
    }

    init(of client: ReconnectingClient) {
        self.client = client
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        let made = client?.factory.buildProtocol(for: peer)
        // The factory may have stopped the client.
        guard let client else { return nil }
        session = made
        if made == nil { client.connectFailed(.cancelled(to: client.endpoint.description)) }
        return made
    }

    func failed(_ error: ConnectError) {
        end()?.connectFailed(error)
    }

    func connectionEstablished(_ protocol: Protocol) {
        client?.connected(`protocol`)
    }

    func connectionEnded(_ reason: ConnectionLostReason) {
        end()?.connectionLost(reason)
    }

    func reactorReleased() -> [Any] {
        let released = client?.reactorReleased() ?? []
        return released + [end() as Any]
    }

    /// Releases the protocol and the connector.
    ///
    /// - Returns: The client; nil if it is detached.
    private func end() -> ReconnectingClient? {
        connector = nil
        // Released when the access is over: the protocol's deinit may stop the client.
        _ = session.take()
        return client
    }
}
