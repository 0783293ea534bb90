import EventReactor
import Glibc
import Synchronization
import TestSupport
import Testing

/// The surroundings of one run of a test: a reactor, and listeners and connectors of the setting's transport.
///
/// ```swift
/// try setting.run { world in
///     let (server, client) = try world.pair()
///     client.onMade = { $0.transport.write("hello") }
///     server.onData = { recorder, data in world.finish() }
/// }
/// ```
final class World {
    let setting: Setting
    private var held: ReactorBase?
    private(set) var isFinished = false
    /// Checks at the end of a run.
    var whenFinished: () -> Void = {}
    private var paths: [String] = []

    private static let counter = Atomic<Int>(0)

    /// Tests wait on events.
    ///
    /// This ends one whose event never comes; it measures no speed.
    static let patience: Duration = .seconds(60)

    init(_ setting: Setting, _ configuration: ReactorConfiguration) throws {
        self.setting = setting
        held = try setting.makeReactor(configuration)
        reactor.onDiagnostic = { Issue.record("unexpected: \($0)") }
    }

    deinit {
        for path in paths { _ = unsafe unlink(path) }
    }

    /// The reactor of this world.
    var reactor: ReactorBase { held! }

    /// Releases the reactor, and so the timers that are still armed and retain this world.
    func end() {
        whenFinished = {}
        held = nil
    }

    /// Ends the run in order, from any callback; calling it again does nothing.
    func finish() {
        guard !isFinished else { return }
        isFinished = true
        whenFinished()
        try? reactor.stop()
    }

    // MARK: Ends of connections

    /// A listener of the setting's transport, on an address that no other test has.
    func listen(
        options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws -> ListeningPort {
        var options = options
        options.stream.buffering = setting.movement.buffering
        if setting.transport == .unix {
            return try reactor.listenUNIX(path: freshPath(), options: options, makeProtocol)
        }
        return try atFreshPort { port in
            try reactor.listen(
                secured(.tcp(port: port, host: loopback)), options: options,
                factory: starting(ClosureFactory(makeProtocol), isServer: true))
        }
    }

    /// A connector of the setting's transport to an address that `listen` gave.
    @discardableResult
    func connect(
        to address: SocketAddress, timeout: Duration? = .seconds(30), options: StreamOptions = StreamOptions(),
        _ makeProtocol: @escaping () -> Protocol?,
        onFailure: @escaping (ConnectError) -> Void = { Issue.record("unexpected: \($0)") }
    ) throws -> Connector {
        var options = options
        options.buffering = setting.movement.buffering
        return try connect(
            to: address, timeout: timeout, options: options, factory: ClosureFactory(makeProtocol),
            onFailure: onFailure)
    }

    /// Both ends of one connection, once the reactor runs.
    func pair(
        serverOptions: StreamOptions = StreamOptions(), clientOptions: StreamOptions = StreamOptions()
    ) throws -> (server: Recorder, client: Recorder) {
        let server = Recorder("server")
        let client = Recorder("client")
        try pair(server, client, serverOptions: serverOptions, clientOptions: clientOptions)
        return (server, client)
    }

    func pair(
        _ server: Protocol, _ client: Protocol,
        serverOptions: StreamOptions = StreamOptions(), clientOptions: StreamOptions = StreamOptions(),
        onFailure: @escaping (ConnectError) -> Void = { Issue.record("unexpected: \($0)") }
    ) throws {
        var options = ListenOptions()
        options.stream = serverOptions
        let port = try listen(options: options) { server }
        try connect(to: port.localAddress, options: clientOptions, { client }, onFailure: onFailure)
    }

    /// Listens at a port that no other test has.
    func atFreshPort(_ listen: (Int) throws -> ListeningPort) throws -> ListeningPort {
        try setting.isOnKernel ? FreshPort.listen(listen) : listen(0)
    }

    /// A path for a socket that no other test has.
    func freshPath() -> String {
        let number = World.counter.wrappingAdd(1, ordering: .relaxed).newValue
        let path = "/tmp/swift-event-reactor-test-\(getpid())-\(number).sock"
        paths.append(path)
        return path
    }
}

extension World {
    /// The handle for other threads.
    var remote: RemoteHandle<ReactorBase> { RemoteHandle(reactor.queue) }

    /// Runs the reactor until `finish()`, or until the test stops it; it may be called again.
    func run(sourceLocation: SourceLocation = #_sourceLocation) throws {
        isFinished = false
        let limit = reactor.callLater(World.patience) { [unowned self] in
            Issue.record("the awaited event did not come", sourceLocation: sourceLocation)
            finish()
        }
        defer { limit.cancel() }
        try reactor.run()
    }
}

extension Setting {
    /// A world that does not run yet.
    func makeWorld(configuration: ReactorConfiguration? = nil) throws -> World {
        var quiet = ReactorConfiguration()
        // Tests run in parallel: a signal to the process must stop none of them.
        quiet.stopSignals = []
        return try World(self, configuration ?? quiet)
    }

    /// Runs a scenario until `finish()`, or until a stop of its own.
    ///
    /// - Parameter prepare: sets the scenario up before the reactor runs.
    func run(
        configuration: ReactorConfiguration? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        _ prepare: (World) throws -> Void
    ) throws {
        let world = try makeWorld(configuration: configuration)
        defer { world.end() }
        try prepare(world)
        try world.run(sourceLocation: sourceLocation)
    }
}
