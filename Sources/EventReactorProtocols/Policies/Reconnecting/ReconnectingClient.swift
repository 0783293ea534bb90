public import EventReactorCore

/// Keeps a connection to an endpoint: connects again after each loss and each failed connect, with growing delays.
///
/// ```swift
/// let client = try ReconnectingClient(to: .tcp(host: "example.com", port: 7), on: reactor) { Session() }
/// client.onLoss = { reason, delay in print(reason, "again in", delay ?? .zero) }
/// client.start()
/// ```
///
/// The delays are those of its ``ReconnectPolicy``. Protocols need no cooperation: they are ordinary ones, one for each
/// connection. It stops when ``stop(leavesConnection:)`` is called, when its attempts are used up, and when its reactor
/// drains, stops or is closed; then it has no timer left, and can be started again.
///
/// All calls and closures are on the reactor's thread. The reactor retains a client that is not stopped, and the client
/// does not retain the reactor. Its closures are retained as long as the client is: one that captures the client
/// strongly makes a retain cycle.
public final class ReconnectingClient {
    /// The state of a client.
    public enum State: Hashable, Sendable {
        /// It does nothing, until it is started.
        case stopped
        /// A connect is in progress.
        case connecting
        /// There is a connection, whose `connectionMade` has returned.
        case connected
        /// It connects again when a delay is over.
        case waiting
    }

    /// Where it connects to.
    public let endpoint: ClientEndpoint

    /// When it connects again.
    public let policy: ReconnectPolicy

    /// Called with the protocol of each new connection, right after its `connectionMade` and in the same callback, so that
    /// the writes of both are sent together; not called if `connectionMade` threw.
    public var onConnected: ((Protocol) -> Void)?

    /// Called after each failed connect, with the delay after which it connects again.
    ///
    /// The delay is nil if the client has stopped: the attempts are used up, or the reactor stops. Without this closure
    /// failures are reported to ``ReactorBase/onDiagnostic``. A factory that makes no protocol counts as a failure with
    /// ``ConnectError/cancelled(to:)``.
    public var onFailure: ((ConnectError, _ nextDelay: Duration?) -> Void)?

    /// Called after each loss, when the protocol's `connectionLost` has returned, with the delay after which it connects
    /// again; nil if the client has stopped.
    public var onLoss: ((ConnectionLostReason, _ nextDelay: Duration?) -> Void)?

    let factory: Factory
    private let options: StreamOptions
    private let link: ReactorLink
    private var jitter: DecorrelatedJitter
    private var attemptCount = 0
    private var storedState = State.stopped
    private var attempt: ReconnectAttempt?
    private var delayedConnect: DelayedCall?
    private var shutdownHook: ReactorHook?

    /// Creates a client whose protocols a factory makes; it does nothing until it is started.
    ///
    /// - Parameters:
    ///   - endpoint: where to connect to.
    ///   - reactor: the reactor, which is not retained.
    ///   - options: settings of each connection.
    ///   - policy: when to connect again.
    ///   - random: draws the delays; the system's generator unless given. A test passes a seeded one.
    ///   - factory: makes a protocol for each connection. It counts as used while the client is started.
    /// - Throws: ``AddressError`` if port, host or path of the endpoint can be none.
    public init(
        to endpoint: ClientEndpoint, on reactor: ReactorBase, options: StreamOptions = StreamOptions(),
        policy: ReconnectPolicy = ReconnectPolicy(), random: any RandomNumberGenerator = SystemRandomNumberGenerator(),
        factory: Factory
    ) throws(AddressError) {
        try endpoint.check()
        self.endpoint = endpoint
        self.policy = policy
        self.options = options
        self.factory = factory
        link = ReactorLink(reactor)
        jitter = DecorrelatedJitter(policy, random: random)
    }

    /// Creates a client whose protocols a closure makes; it does nothing until it is started.
    ///
    /// - Parameters:
    ///   - endpoint: where to connect to.
    ///   - reactor: the reactor, which is not retained.
    ///   - options: settings of each connection.
    ///   - policy: when to connect again.
    ///   - random: draws the delays; the system's generator unless given. A test passes a seeded one.
    ///   - makeProtocol: called for each connection; nil closes it, and counts as a failed connect.
    /// - Throws: ``AddressError`` if port, host or path of the endpoint can be none.
    public convenience init(
        to endpoint: ClientEndpoint, on reactor: ReactorBase, options: StreamOptions = StreamOptions(),
        policy: ReconnectPolicy = ReconnectPolicy(), random: any RandomNumberGenerator = SystemRandomNumberGenerator(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(AddressError) {
        try self.init(
            to: endpoint, on: reactor, options: options, policy: policy, random: random,
            factory: ClosureFactory(makeProtocol))
    }

    /// The state; stopped for good once its reactor is closed or released.
    public var state: State { link.live == nil ? .stopped : storedState }

    /// The protocol of the live connection; nil while there is none.
    public var session: Protocol? { storedState == .connected ? attempt?.current : nil }

    /// Starts connecting, with the delays and the count of attempts reset; does nothing unless it is stopped.
    ///
    /// The reactor need not run yet. Nothing is called before this call has returned, apart from ``Factory/start()``.
    public func start() {
        guard storedState == .stopped, let reactor = link.live else { return }
        resetDelays()
        connect(on: reactor)
        if storedState == .connecting { factory.beginUse() }
    }

    /// Stops: gives up a connect or a delay, and closes the connection or leaves it.
    ///
    /// It may be called at any moment, in the client's and the protocol's callbacks too; it does nothing if the client
    /// is stopped. After it none of the client's closures is called until it is started again.
    ///
    /// - Parameter leavesConnection: whether a live connection stays, with its protocol; otherwise (default) it is closed
    ///   by ``Transport/loseConnection()``, and its protocol learns of the end.
    public func stop(leavesConnection: Bool = false) {
        guard storedState != .stopped else { return }
        let last = attempt
        detach()
        last?.connector?.cancel()
        // In `connectionMade` there is a connection already.
        if !leavesConnection { last?.session?.transport.loseConnection() }
        factory.endUse()
    }

    // MARK: Inside

    private func resetDelays() {
        jitter.reset()
        attemptCount = 0
    }

    private func connect(on reactor: ReactorBase) {
        attemptCount += 1
        storedState = .connecting
        let attempt = ReconnectAttempt(of: self)
        self.attempt = attempt
        do throws(AddressError) {
            attempt.connector = try reactor.connect(
                endpoint, options: options, factory: attempt, observer: attempt, onFailure: attempt.failed)
        } catch {
            // The endpoint was checked when the client was made.
            detach()
        }
    }

    /// Becomes stopped, with no timer left and nothing that calls back.
    private func detach() {
        storedState = .stopped
        attempt?.client = nil
        // Released when the access is over: it may retain objects of the program.
        _ = attempt.take()
        endWait()
    }

    private func endWait() {
        delayedConnect?.cancel()
        delayedConnect = nil
        shutdownHook?.cancel()
        shutdownHook = nil
    }

    func connected(_ session: Protocol) {
        storedState = .connected
        attempt?.establishedAt = link.live?.now
        onConnected?(session)
    }

    func connectFailed(_ error: ConnectError) {
        let delay = scheduleConnect()
        if let onFailure { onFailure(error, delay) } else { link.live?.report(.connectFailed(error)) }
    }

    func connectionLost(_ reason: ConnectionLostReason) {
        if let since = attempt?.establishedAt, let now = link.live?.now, since.duration(to: now) >= policy.stableAfter {
            resetDelays()
        }
        let delay = scheduleConnect()
        onLoss?(reason, delay)
    }

    /// Schedules the next connect, before the program learns of the end of the last: it may stop the client then.
    ///
    /// - Returns: The delay; nil if the client has stopped.
    private func scheduleConnect() -> Duration? {
        detach()
        let isUsedUp = policy.maximumAttempts.map { attemptCount >= max(1, $0) } ?? false
        guard !isUsedUp, let reactor = link.live, !reactor.isEnding else {
            factory.endUse()
            return nil
        }
        let delay = jitter.next()
        storedState = .waiting
        shutdownHook = reactor.onShutdown { [self] in stop() }
        delayedConnect = reactor.callLater(delay) { [self] in waitEnded() }
        return delay
    }

    private func waitEnded() {
        endWait()
        guard let reactor = link.live, !reactor.isEnding else { return stop() }
        connect(on: reactor)
    }

    /// The reactor is released; gives what it retained here.
    func reactorReleased() -> [Any] {
        defer { detach() }
        return [self, attempt as Any]
    }
}

@available(*, unavailable)
extension ReconnectingClient: Sendable {}
