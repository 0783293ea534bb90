import EventReactorCore

/// Makes the TLS layers of a listener, around the protocols of another factory.
final class TLSFactory: Factory {
    private let context: TLSServerContext
    private let inner: Factory

    init(_ context: TLSServerContext, _ inner: Factory) {
        self.context = context
        self.inner = inner
        super.init()
        layering = { TLSFactory.secured($0, context) }
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        // Before the handshake: a peer that is refused costs none.
        inner.buildProtocol(for: peer).map { TLSFactory.secured($0, context) }
    }

    private static func secured(_ made: Protocol, _ context: TLSServerContext) -> Protocol {
        TLSLayer(TLSHandshake(.server(context), serving: made))
    }

    override func start() { inner.beginUse() }
    override func stop() { inner.endUse() }
}
