import EventReactor
import EventReactorCore
import EventReactorNative
import EventReactorTesting

/// A protocol that records its callbacks and runs the closures of a test in them.
final class ScriptedSession: Protocol {
    private(set) var calls: [String] = []
    private(set) var received: [UInt8] = []
    private(set) var reason: ConnectionLostReason?
    var onMade: (ScriptedSession) throws -> Void = { _ in }
    var onData: (ScriptedSession, [UInt8]) throws -> Void = { _, _ in }
    var onLost: (ScriptedSession) -> Void = { _ in }

    var text: String { String(decoding: received, as: UTF8.self) }

    /// Sends back what arrives.
    static func echo() -> ScriptedSession {
        let session = ScriptedSession()
        session.onData = { $0.transport.write($1) }
        return session
    }

    override func connectionMade() throws {
        calls.append("made")
        try onMade(self)
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        received += [UInt8](data)
        try onData(self, [UInt8](data))
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        calls.append("lost")
        self.reason = reason
        onLost(self)
        // They may have captured this object, or what keeps it.
        (onMade, onData, onLost) = ({ _ in }, { _, _ in }, { _ in })
    }
}

struct ScriptedError: Error {}

/// Each reactor that the helpers run on.
enum PolicyEngine: CaseIterable, Sendable {
    case libevent, native, simulated

    func makeReactor() throws -> ReactorBase {
        switch self {
        case .libevent: try Reactor()
        case .native: try NativeReactor()
        case .simulated: SimulatedReactor(seed: 1)
        }
    }
}

extension ReactorBase {
    /// Listens on loopback, at a port that the system chooses, and gives the endpoint to connect to.
    func listenLocally(_ makeProtocol: @escaping () -> Protocol?) throws -> ClientEndpoint {
        let port = try listenTCP(port: 0, host: "127.0.0.1", makeProtocol)
        return .address(port.localAddress)
    }
}

/// Whether a reason is the stop of the reactor.
func isStop(_ reason: ConnectionLostReason?) -> Bool {
    if case .reactorStopped = reason { true } else { false }
}
