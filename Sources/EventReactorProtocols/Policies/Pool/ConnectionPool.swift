public import EventReactorCore

/// Client connections to one endpoint that are kept and lent again.
///
/// ```swift
/// let pool = try ConnectionPool(to: .tcp(host: "db.example", port: 5432), on: reactor) { Session() }
/// try pool.borrow { result in
///     switch result {
///     case .success(let lease): lease.session.query("SELECT 1") { _ in lease.giveBack() }
///     case .failure(let error): print(error)
///     }
/// }
/// ```
///
/// Connections are made when they are needed, up to ``ConnectionPoolSettings/maximumConnections``. The one that was
/// returned last is lent first, so that others become idle for long enough to be closed. Borrowers beyond the maximum wait
/// in line.
///
/// - A connection that is lost while idle is removed, and one that is lost while borrowed frees its place: the lease is not
///   active any more, and the session's `connectionLost` says why.
/// - A connect that fails is reported to the waiter that is first in line, and others are made for the rest.
/// - When the reactor stops all connections end, and all waiters fail with ``PoolError/reactorStopped``. In the next run
///   the pool works again. Idle connections keep a drain of the reactor waiting: drain the pool first.
///
/// All calls and closures are on the reactor's thread. The reactor retains a pool that has connections, and the pool does
/// not retain the reactor. Sessions and the closures of the pool may capture it: sessions are released when their
/// connections end, at the latest by ``close()``; the closures only with the pool, so they should capture it unowned.
public final class ConnectionPool<Session: Protocol> {
    enum Phase {
        case open, draining, closed
    }

    /// Where it connects to.
    public let endpoint: ClientEndpoint

    /// The limits and times.
    public let settings: ConnectionPoolSettings

    /// Checks a connection before it is lent; nil (default) for no check.
    ///
    /// It is called with the session, and the check to be ended by ``HealthCheck/pass()`` or ``HealthCheck/fail()`` within
    /// ``ConnectionPoolSettings/healthCheckTimeout``. The borrower waits meanwhile. A connection that fails is dropped and the
    /// next one tried.
    public var healthCheck: ((Session, HealthCheck) -> Void)?

    let makeSession: () -> Session?
    let link: ReactorLink
    private let options: StreamOptions
    private let waitTimeout: CommonTimeout?
    let checkTimeout: CommonTimeout
    var phase = Phase.open
    var waiters = PoolWaiterQueue<Session>()
    var members: [PoolMember<Session>] = []
    /// The one that was returned last is last.
    var idle: [PoolMember<Session>] = []
    var ready: [PoolMember<Session>] = []
    /// The number of members that are connecting, checking or ready.
    var arrivingCount = 0
    var checkingCount = 0
    /// The number of connections that are borrowed.
    public internal(set) var borrowedCount = 0
    var isServingScheduled = false
    var expiry: DelayedCall?
    var drainDeadline: DelayedCall?
    var drainCompletions: [() -> Void] = []

    /// Creates a pool without connections.
    ///
    /// - Parameters:
    ///   - endpoint: where to connect to.
    ///   - reactor: the reactor, which is not retained.
    ///   - settings: limits and times.
    ///   - options: settings of each connection.
    ///   - makeSession: makes the protocol of a new connection; nil refuses it, which counts as a connect that failed
    ///     with ``ConnectError/cancelled(to:)``.
    /// - Throws: ``AddressError`` if port, host or path of the endpoint can be none.
    public init(
        to endpoint: ClientEndpoint, on reactor: ReactorBase,
        settings: ConnectionPoolSettings = ConnectionPoolSettings(), options: StreamOptions = StreamOptions(),
        _ makeSession: @escaping () -> Session?
    ) throws(AddressError) {
        try endpoint.check()
        self.endpoint = endpoint
        self.settings = settings
        self.options = options
        self.makeSession = makeSession
        link = ReactorLink(reactor)
        waitTimeout = settings.waitTimeout.map { reactor.commonTimeout($0) }
        checkTimeout = reactor.commonTimeout(settings.healthCheckTimeout)
    }

    deinit {
        // Those of a pool that was closed, and whose reactor went before the next turn.
        waiters.forgetAll()
        expiry?.cancel()
        drainDeadline?.cancel()
    }

    /// The number of connections, those included that are being made or are closing.
    public var connectionCount: Int { members.count }

    /// The number of connections that are idle.
    public var idleCount: Int { idle.count }

    /// The number of borrowers that have not got a connection yet.
    public var waiterCount: Int { waiters.count }

    /// Lends a connection: an idle one, a new one, or the next one that is returned.
    ///
    /// Borrowers are served in the order of these calls.
    ///
    /// - Parameter completion: called once with a lease or with the error, and never before this call has returned.
    /// - Returns: A handle to give up waiting.
    /// - Throws: ``PoolError/closed``, ``PoolError/tooManyWaiters(limit:)``, or ``PoolError/reactorStopped`` while the
    ///   reactor closes its last connections; the completion is not called then.
    @discardableResult
    public func borrow(
        _ completion: @escaping (Result<ConnectionLease<Session>, PoolError>) -> Void
    ) throws(PoolError) -> PoolWaiter<Session> {
        guard phase == .open, let reactor = link.live else { throw .closed }
        guard !reactor.isClosingRun else { throw .reactorStopped }
        let served = idle.count + arrivingCount + freeCount
        guard waiters.count - served < max(0, settings.maximumWaiters) else {
            throw .tooManyWaiters(limit: max(0, settings.maximumWaiters))
        }
        let waiter = PoolWaiter(in: self, completion)
        waiters.append(waiter)
        waiter.timeout = waitTimeout?.arm { [waiter, waitTimeout] in
            waiter.end()?(.failure(.timedOut(after: waitTimeout?.duration ?? .zero)))
        }
        // Whenever one waits there is a connection, whose end at a stop of the reactor is its own.
        if idle.isEmpty { makeNeeded(on: reactor) } else { scheduleServing() }
        return waiter
    }

    /// The number of connections that may be made.
    var freeCount: Int { max(0, max(1, settings.maximumConnections) - members.count) }

    /// Makes connections for the waiters that have none arriving.
    func makeNeeded(on reactor: ReactorBase) {
        while phase != .closed, waiters.count > arrivingCount, freeCount > 0 {
            let member = PoolMember(of: self)
            do throws(AddressError) {
                member.connector = try reactor.connect(
                    endpoint, options: options, factory: member, observer: member,
                    onFailure: { member.connectFailed($0) })
            } catch {
                // The endpoint was checked when the pool was made.
                return
            }
            member.index = members.count
            members.append(member)
            arrivingCount += 1
        }
    }
}

@available(*, unavailable)
extension ConnectionPool: Sendable {}
