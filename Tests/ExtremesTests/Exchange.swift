import EventReactor
import EventReactorTesting
import Testing

/// The set-up of an exchange: each trial changes one thing.
struct Setup {
    var configuration = ReactorConfiguration()
    var listening = ListenOptions()
    var connecting = StreamOptions()
    var buffering = Buffering.bufferevent
    var backlog = 16
    var mode: UInt16?
    var timeout: Duration? = .seconds(30)
    var bindAddress: SocketAddress?
    var messageSize = 2
    /// The server's address; `nil` for TCP at a port that the system chooses.
    var listensAt: Place?
    /// The address that the client connects to; `nil` for the server's.
    var connectsTo: Place?
    /// Called before the reactor runs.
    var onReactor: (ReactorBase) throws -> Void = { _ in }
    /// Called when the server listens.
    var onPort: (ListeningPort, ReactorBase) throws -> Void = { _, _ in }
    /// Called at each end, in its `connectionMade`, before anything is written.
    var onMade: (any Transport, ReactorBase) throws -> Void = { _, _ in }
    /// Called at the client when its message has come back, and before it closes.
    var onEchoed: (any Transport, ReactorBase) throws -> Void = { _, _ in }

    init() {
        // Tests run in parallel: a signal to the process must stop none of them.
        configuration.stopSignals = []
    }

    /// The options of both ends.
    var stream: StreamOptions {
        get { listening.stream }
        set {
            listening.stream = newValue
            connecting = newValue
        }
    }
}

/// The connection ended before the message had come back.
struct Ended: Error {
    let reason: ConnectionLostReason
}

/// No more events were due, and the message had not come back.
struct NothingCame: Error {}

/// Two ends on one reactor: the client sends a message, the server echoes it, and both close.
final class Exchange {
    private let engine: Engine
    private let setup: Setup
    private let reactor: ReactorBase
    private var server: End?
    private var client: End?
    private var failure: (any Error)?
    private var hasEchoed = false

    /// Ends a run whose event never comes; it measures no speed.
    private static let patience: Duration = .seconds(60)

    init(_ engine: Engine, _ setup: Setup) throws {
        self.engine = engine
        self.setup = setup
        reactor = try engine.makeReactor(setup.configuration)
    }

    /// Runs it.
    ///
    /// - Throws: the error of a call, the ``ConnectError`` that was reported, or the reason of an early end.
    func run() throws {
        reactor.onDiagnostic = { Issue.record("unexpected: \($0)") }
        defer { reactor.end() }
        try setup.onReactor(reactor)
        let place = setup.listensAt ?? .tcp(port: 0, host: "127.0.0.1")
        let port = try engine.listen(reactor, at: place, setup) { [unowned self] in
            let end = End(self, isServer: true)
            server = end
            return end
        }
        try setup.onPort(port, reactor)
        let own = port.localAddress
        let host = own.isWildcard ? "127.0.0.1" : own.host ?? ""
        let target = setup.connectsTo ?? own.path.map { .unix(path: $0) } ?? .tcp(port: own.port ?? 0, host: host)
        try engine.connect(reactor, to: target, setup) { [unowned self] in
            let end = End(self, isServer: false)
            client = end
            return end
        } onFailure: { [unowned self] error in
            failure = error
            finish()
        }
        let limit = reactor.callLater(Exchange.patience) { [unowned self] in
            failure = NothingCame()
            finish()
        }
        try reactor.run()
        limit.cancel()
        // The counters are printed, as a program would.
        _ = reactor.metrics.description
        if let failure, !hasEchoed { throw failure }
        if !hasEchoed { throw NothingCame() }
    }

    private func finish() {
        try? reactor.stop()
    }

    fileprivate func made(_ end: End) throws {
        try setup.onMade(end.transport, reactor)
        if !end.isServer { end.transport.write([UInt8](repeating: 7, count: setup.messageSize)) }
    }

    fileprivate func received(_ end: End) throws {
        guard !end.isServer, end.count == setup.messageSize else { return }
        hasEchoed = true
        try setup.onEchoed(end.transport, reactor)
        end.transport.loseConnection()
    }

    fileprivate func lost(_ end: End, _ reason: ConnectionLostReason) {
        if case .reactorStopped = reason { return }
        if failure == nil { failure = Ended(reason: reason) }
        // A client may be gone before the server has accepted it, and then the server has no connection.
        if client?.isLost ?? false, server?.isLost ?? true { finish() }
    }
}

private final class End: Protocol {
    unowned let exchange: Exchange
    let isServer: Bool
    private(set) var count = 0
    private(set) var isLost = false

    init(_ exchange: Exchange, isServer: Bool) {
        self.exchange = exchange
        self.isServer = isServer
    }

    override func connectionMade() throws {
        try exchange.made(self)
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        count += data.count
        if isServer { transport.write(data) }
        try exchange.received(self)
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        isLost = true
        exchange.lost(self, reason)
    }
}
