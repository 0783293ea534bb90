import EventReactor
import EventReactorNative
import EventReactorTesting
import Testing

/// One cell of the table: a reactor, a transport, and how its bytes are moved.
///
/// Each test of the contract runs in each.
///
/// Another reactor or transport is another value here; no test changes.
struct Setting: Sendable, Codable, CustomTestStringConvertible {
    enum Engine: String, Sendable, Codable, CaseIterable {
        case libevent
        case native
        case simulated

        /// The transport of its connections.
        var transports: [Transport] {
            (self == .simulated ? [.simulated] : [.tcp4, .tcp6, .unix]) + [.tls, .startTLS]
        }

        /// Bufferevents are libevent's, and below TLS as they are without it.
        func movements(of transport: Transport) -> [Movement] {
            self == .libevent && !transport.isSecured ? Movement.allCases : [.direct]
        }
    }

    enum Transport: String, Sendable, Codable, CaseIterable {
        case tcp4 = "TCP over IPv4"
        case tcp6 = "TCP over IPv6"
        case unix = "UNIX stream"
        case simulated = "simulated stream"
        /// Over TCP and IPv4, or simulated streams.
        case tls = "TLS"
        case startTLS

        var isSecured: Bool { self == .tls || self == .startTLS }
    }

    enum Movement: String, Sendable, Codable, CaseIterable {
        case direct
        case bufferevent

        var buffering: Buffering { self == .direct ? .direct : .bufferevent }
    }

    let engine: Engine
    let transport: Transport
    let movement: Movement

    var testDescription: String { "\(engine.rawValue), \(transport.rawValue), \(movement.rawValue)" }

    /// Every cell.
    static let all: [Setting] = Engine.allCases.flatMap { engine in
        engine.transports.flatMap { transport in
            engine.movements(of: transport).map { Setting(engine: engine, transport: transport, movement: $0) }
        }
    }.filter { !Sanitizer.isActive || $0.isForSanitizers }

    /// Under a sanitizer, which takes three times as long, the layer runs once on the kernel and once in simulation.
    private var isForSanitizers: Bool {
        switch (engine, transport) {
        case (.libevent, .tls), (.simulated, .startTLS): true
        default: !transport.isSecured
        }
    }

    /// The cells whose transport can reset a connection: a UNIX socket has no such thing.
    static let withReset = all.filter { $0.transport != .unix }

    /// One cell for each reactor, for tests that do not depend on the transport.
    static let reactors = all.filter { $0.transport == $0.engine.transports[0] && $0.movement == .direct }

    /// One cell for each reactor that real threads, signals and sockets can reach.
    static let kernelReactors = reactors.filter { $0.isOnKernel }

    /// Whether real sockets of the system carry it, so that a peer outside the library can join in.
    var isOnKernel: Bool { engine != .simulated }

    /// Whether such a peer can join in with bytes in the clear.
    var admitsRawPeers: Bool { isOnKernel && !transport.isSecured }

    func makeReactor(_ configuration: ReactorConfiguration) throws -> ReactorBase {
        switch engine {
        case .libevent: try Reactor(configuration: configuration)
        case .native: try NativeReactor(configuration: configuration)
        case .simulated: SimulatedReactor(seed: 1, configuration: configuration)
        }
    }
}
