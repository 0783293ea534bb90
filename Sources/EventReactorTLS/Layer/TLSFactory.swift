import EventReactorCore

/// Makes the TLS layers of a listener, around the protocols of another factory.
final class TLSFactory: Factory {
    private let context: TLSServerContext
    private let inner: Factory

    init(_ context: TLSServerContext, _ inner: Factory) {
        self.context = context
        self.inner = inner
        super.init()
        layering = { context.secured(inner.layering?($0) ?? $0) }
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        // Before the handshake: a peer that is refused costs none.
        inner.buildProtocol(for: peer).map { context.secured($0) }
    }

    override func start() { inner.beginUse() }
    override func stop() { inner.endUse() }
}
