import EventReactorCore
import Testing

/// An engine without a kernel, whose answers a test gives and whose clock a test moves.
final class ScriptedEngine: ReactorEngine, NameResolver, SocketDescriptors {
    /// The calls that the engine got, in order.
    private(set) var log: [String] = []
    /// The attempts to connect that wait for an answer, by the host of their address.
    private(set) var attempts: [String: ScriptedAttempt] = [:]
    /// The addresses that a name resolves to.
    var names: [String: [SocketAddress]] = [:]
    /// The hosts at which listening fails, and the errors.
    var unlistenable: [String: Int32] = [:]
    /// The error of opening a stream, if it fails.
    var openFailure: SystemError?
    private let scriptedStreams = ScriptedStreams()
    private(set) unowned(unsafe) var reactor: ReactorBase!

    /// A reactor on the engine; it owns it.
    static func makeReactor(
        _ configuration: ReactorConfiguration = ReactorConfiguration()
    ) -> (ReactorBase, ScriptedEngine) {
        let engine = ScriptedEngine()
        let reactor = ReactorBase(engine: engine, configuration: configuration)
        unsafe engine.reactor = reactor
        engine.scriptedStreams.engine = engine
        return (reactor, engine)
    }

    var now = ReactorInstant(nanoseconds: 0)
    func streams(for buffering: Buffering) -> any StreamEngine { scriptedStreams }
    var resolver: any NameResolver { self }
    var sockets: any SocketDescriptors { self }
    var wake: @Sendable () -> Void { {} }

    /// In each turn the clock advances to the next timer; a reactor with no timer left is stopped.
    func poll(until instant: ReactorInstant?) {
        guard let instant else {
            try? unsafe reactor.stop()
            return
        }
        now = max(now, instant)
    }

    func beginSignals(_ signals: [Int32], deadly: [Int32]) throws(SystemError) {}
    func endSignals() {}

    func listen(
        from source: ListenerSource, options: ListenOptions, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        guard case .address(let address, _, _) = source else { throw .notAdoptable(.unsupported) }
        let host = address.host ?? ""
        log.append("listen \(host)")
        if let code = unlistenable[host] { throw .system(SystemError(code: code, operation: "bind", address: address)) }
        return ScriptedListener(engine: self, address: address)
    }

    func resolve(
        _ host: String, port: UInt16, toListen: Bool,
        completion: @escaping (Result<[SocketAddress], NameError>) -> Void
    ) -> PendingResult? {
        let found = names[host] ?? (toListen ? nil : try? [SocketAddress(ip: host, port: Int(port))])
        unsafe reactor.callSoon { completion(found.map { .success($0) } ?? .failure(NameError(""))) }
        return nil
    }

    func resolveToListen(_ host: String, port: UInt16) throws(NameError) -> [SocketAddress] {
        guard let found = names[host] else { throw NameError("") }
        return found
    }

    func connect(
        to address: SocketAddress, from local: SocketAddress?, options: StreamOptions,
        completion: @escaping (Result<Int32, ConnectError>) -> Void
    ) -> any ConnectAttempt {
        let host = address.host ?? ""
        log.append("connect \(host) at \(now.nanoseconds / 1_000_000) ms")
        let attempt = ScriptedAttempt(engine: self, host: host, completion: completion)
        attempts[host] = attempt
        return attempt
    }

    func close(_ descriptor: Int32, reset: Bool, endsForAll: Bool) { log.append("discard \(descriptor)") }

    func note(_ what: String) { log.append(what) }
}
