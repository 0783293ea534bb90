import EventReactor
import EventReactorNative
import EventReactorTesting

/// The engines that parameters are tried on: the reactors, and the two ways in which libevent's moves bytes.
enum Engine: String, Sendable, CaseIterable {
    case libevent
    case bufferevent
    case native
    case simulated

    /// Those with the kernel below them.
    static let onKernel: [Engine] = [.libevent, .bufferevent, .native]

    func makeReactor(_ configuration: ReactorConfiguration) throws -> ReactorBase {
        switch self {
        case .libevent, .bufferevent: try Reactor(configuration: configuration)
        case .native: try NativeReactor(configuration: configuration)
        case .simulated: SimulatedReactor(seed: 1, configuration: configuration)
        }
    }
}

/// The address at which one end of an exchange listens, or to which it connects.
enum Place {
    case tcp(port: Int, host: String)
    case unix(path: String)
}

extension Engine {
    /// Listens with the engine's way of moving bytes.
    func listen(
        _ reactor: ReactorBase, at place: Place, _ setup: Setup, _ makeProtocol: @escaping () -> Protocol?
    ) throws -> ListeningPort {
        var options = setup.listening
        if self == .bufferevent { options.stream.buffering = setup.buffering }
        switch place {
        case .tcp(let port, let host):
            return try reactor.listenTCP(
                port: port, host: host, backlog: setup.backlog, options: options, makeProtocol)
        case .unix(let path):
            return try reactor.listenUNIX(
                path: path, mode: setup.mode, backlog: setup.backlog, options: options, makeProtocol)
        }
    }

    /// Options with the engine's way of moving bytes.
    var streamOptions: StreamOptions { StreamOptions(buffering: self == .bufferevent ? .bufferevent : .direct) }

    /// Connects with the engine's way of moving bytes.
    @discardableResult
    func connect(
        _ reactor: ReactorBase, to place: Place, _ setup: Setup, _ makeProtocol: @escaping () -> Protocol?,
        onFailure: @escaping (ConnectError) -> Void
    ) throws -> Connector {
        var options = setup.connecting
        if self == .bufferevent { options.buffering = setup.buffering }
        switch place {
        case .tcp(let port, let host):
            return try reactor.connectTCP(
                host: host, port: port, timeout: setup.timeout, bindAddress: setup.bindAddress, options: options,
                makeProtocol, onFailure: onFailure)
        case .unix(let path):
            return try reactor.connectUNIX(
                path: path, timeout: setup.timeout, options: options, makeProtocol, onFailure: onFailure)
        }
    }
}
