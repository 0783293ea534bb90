import EventReactor
import EventReactorNative
import EventReactorProtocols
import EventReactorTesting
import Testing

/// The reactors on which listeners and connectors with headers are tested.
enum ProxyEngine: CaseIterable {
    case libevent
    case native
    case simulated

    /// Runs a reactor until a test stops it.
    func run(_ prepare: (ReactorBase) throws -> Void) throws {
        var configuration = ReactorConfiguration()
        // Tests run in parallel: a signal to the process must stop none of them.
        configuration.stopSignals = []
        let reactor: ReactorBase =
            switch self {
            case .libevent: try Reactor(configuration: configuration)
            case .native: try NativeReactor(configuration: configuration)
            case .simulated:
                SimulatedReactor(seed: 3, faults: [.splitting, .merging, .latency], configuration: configuration)
            }
        try prepare(reactor)
        let patience = reactor.callLater(.seconds(60)) { [unowned reactor] in
            Issue.record("the conversation did not come to its end")
            try? reactor.stop()
        }
        try reactor.run()
        patience.cancel()
    }
}

extension ReactorBase {
    /// Listens on loopback, with headers from there.
    func listenBehindProxy(
        _ change: (inout ProxySettings) -> Void = { _ in }, options: ListenOptions = ListenOptions(),
        factory: Factory
    ) throws -> ListeningPort {
        var settings = ProxySettings(trusting: AddressPrefix.loopback)
        change(&settings)
        return try listen(
            .tcp(port: 0, host: "127.0.0.1").proxyProtocol(settings), options: options, factory: factory)
    }
}

/// Records for which peers it makes protocols.
final class ProxyFactoryRecorder: Factory {
    private(set) var peers: [SocketAddress] = []
    private let make: () -> Protocol?

    init(_ make: @escaping () -> Protocol?) {
        self.make = make
    }

    override func buildProtocol(for peer: SocketAddress) -> Protocol? {
        peers.append(peer)
        return make()
    }
}
