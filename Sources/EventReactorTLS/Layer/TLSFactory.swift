import EventReactorCore

/// Makes the TLS layers of a listener, around the protocols of another factory.
final class TLSFactory: Factory {
    private let context: TLSServerContext
    private let inner: Factory

    init(_ context: TLSServerContext, _ inner: Factory) {
        self.context = context
        self.inner = inner
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        // Before the handshake: a peer that is refused costs none.
        guard let made = inner.buildProtocol(for: peer) else { return nil }
        return TLSLayer(TLSHandshake(.server(context), serving: made))
    }

    override func start() { inner.beginUse() }
    override func stop() { inner.endUse() }
}
