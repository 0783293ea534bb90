import EventReactorCore

/// The PROXY protocol of a listener, between its sockets and its protocols.
final class ProxyLayer: ServerLayer {
    let settings: ProxySettings

    init(_ settings: ProxySettings) {
        self.settings = settings
    }

    func wrap(_ factory: Factory) -> Factory { ProxyFactory(self, factory) }
}

/// Makes the readers of headers, which ask another factory for the protocol once they know the peer.
private final class ProxyFactory: Factory {
    private let layer: ProxyLayer
    private let inner: Factory

    init(_ layer: ProxyLayer, _ inner: Factory) {
        self.layer = layer
        self.inner = inner
        super.init()
        layering = { made in ProxyReader(layer, isAccepted: true) { _ in inner.layering?(made) ?? made } }
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        switch layer.settings.treatment(of: peer) {
        case .refuse: nil
        case .serve: inner.buildProtocol(for: peer)
        case .readHeader, .readOptionalHeader, .watchForHeader:
            ProxyReader(layer, isAccepted: true) { [inner] in inner.buildProtocol(for: $0) }
        }
    }

    override func start() { inner.beginUse() }
    override func stop() { inner.endUse() }
}
