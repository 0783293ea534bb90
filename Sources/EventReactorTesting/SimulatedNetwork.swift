public import EventReactorCore

/// A network of simulated hosts under one virtual clock, in which a seed determines the run, to the byte.
///
/// ```swift
/// let network = SimulatedNetwork(seed: 7, faults: [.splitting, .latency])
/// let server = network.host("server")
/// let client = network.host("client")
/// try server.listenTCP(port: 8007) { Echo() }
/// try client.connectTCP(host: "server", port: 8007) { Client() }
/// network.advance(by: .seconds(1))
/// print(network.trace)
/// ```
///
/// Bytes travel between the hosts as over TCP: in packets that may be lost and are sent again, through buffers that fill
/// up, and with an end of each direction. Nothing reads the system's clock or random numbers other than the seed's.
public final class SimulatedNetwork {
    let core: NetworkCore
    private var reactors: [SimulatedReactor] = []

    /// Creates a network without hosts.
    ///
    /// - Parameters:
    ///   - seed: of all random decisions.
    ///   - faults: the kinds of fault that the network injects; none by default.
    public init(seed: UInt64, faults: Faults = []) {
        core = NetworkCore(seed: seed, faults: faults)
    }

    /// Creates a network that injects only certain faults, as a ``SimulationFailure`` lists them.
    ///
    /// - Parameters:
    ///   - seed: of all random decisions.
    ///   - only: the faults of each kind that are injected: the first of a kind is 0, the second 1 and so on.
    public init(seed: UInt64, only: [Faults: [Int]]) {
        let kinds = only.keys.reduce(into: Faults()) { $0.formUnion($1) }
        core = NetworkCore(seed: seed, faults: kinds, only: only)
    }

    init(core: NetworkCore) {
        self.core = core
    }

    // MARK: Hosts and links

    /// The reactor of a host; the first call for a name creates it.
    ///
    /// The network keeps the reactors that it creates. Hosts get addresses in order: `10.0.0.1`, `10.0.0.2` and so on.
    /// All of them run from the first time that the clock moves.
    ///
    /// - Parameters:
    ///   - name: the host name by which other hosts connect to it.
    ///   - configuration: settings of the reactor; used by the call that creates it.
    public func host(_ name: String, configuration: ReactorConfiguration = ReactorConfiguration()) -> SimulatedReactor {
        if let known = core.host(named: name)?.reactor as? SimulatedReactor { return known }
        let host = SimulatedHost(network: core, name: name)
        let reactor = SimulatedReactor(host: host, maker: self, configuration: configuration)
        reactors.append(reactor)
        return reactor
    }

    /// Sets the conditions of the link between two hosts, in both directions; bytes in flight are not affected.
    ///
    /// By default a link has a latency of 1 ms, and of 10 us from a host to itself.
    public func setLink(_ one: SimulatedReactor, _ other: SimulatedReactor, _ conditions: LinkConditions) {
        core.link(from: one.host.index, to: other.host.index).set(conditions)
        core.link(from: other.host.index, to: one.host.index).set(conditions)
    }

    /// The conditions of the link from one host to another.
    public func conditions(from one: SimulatedReactor, to other: SimulatedReactor) -> LinkConditions {
        core.link(from: one.host.index, to: other.host.index).conditions
    }

    // MARK: Faults

    /// Cuts the link between two hosts: nothing arrives any more, bytes in flight neither.
    ///
    /// No callback reports it. Connections continue if ``heal(_:_:)`` is called before ``retransmissionTimeout``.
    public func partition(_ one: SimulatedReactor, _ other: SimulatedReactor) {
        core.cut(one.host.index, other.host.index)
    }

    /// Ends one partition of two hosts; several need as many calls.
    public func heal(_ one: SimulatedReactor, _ other: SimulatedReactor) {
        core.heal(one.host.index, other.host.index)
    }

    /// Resets all connections between two hosts, as a middlebox does: both ends get `ECONNRESET`.
    public func resetConnections(between one: SimulatedReactor, _ other: SimulatedReactor) {
        for socket in core.connections(between: one.host.index, other.host.index) { core.resetOnTheWay(socket) }
    }

    /// Drops all packets of the connections between two hosts, for good.
    ///
    /// An end that has sent bytes gets `ETIMEDOUT` after ``retransmissionTimeout``, one with keep-alive probes when these
    /// stay unanswered, and any other never, as with TCP. New connections are not affected.
    public func silenceConnections(between one: SimulatedReactor, _ other: SimulatedReactor) {
        for socket in core.connections(between: one.host.index, other.host.index) { core.silence(socket) }
    }

    /// Time after which a connection with unacknowledged bytes fails; 15 minutes by default, as on Linux.
    ///
    /// Less than a nanosecond counts as one, and more than a century as a century.
    public var retransmissionTimeout: Duration {
        get { .nanoseconds(core.retransmissionTimeout) }
        set { core.retransmissionTimeout = max(1, newValue.simulated) }
    }

    /// The kinds of fault that the network injects.
    public var faults: Faults { core.faults.kinds }

    /// Number of faults that it has injected.
    public var faultCount: Int { core.faults.injected.count }

    /// Random numbers for the scenario itself, from the same seed.
    public var random: SeededRandom {
        get { core.random }
        set { core.random = newValue }
    }

    // MARK: Time

    /// The current instant on the clock of all hosts.
    public var now: ReactorInstant { ReactorInstant(nanoseconds: core.now) }

    /// Advances virtual time, and handles all events that are due meanwhile.
    ///
    /// In a callback, while time is being advanced, it does nothing.
    ///
    /// - Parameter duration: how much time; a negative one counts as zero. The clock stops 146 years after the network's
    ///   start, and later events never happen.
    public func advance(by duration: Duration) {
        let limit = core.instant(after: duration)
        _ = core.drive(until: limit) { false }
        core.setClock(limit)
    }

    /// Advances virtual time until a condition is true; in a callback it only checks the condition.
    ///
    /// - Parameters:
    ///   - limit: maximum of virtual time, an hour by default; a negative one counts as zero.
    ///   - condition: checked after each event.
    /// - Returns: whether the condition is true.
    @discardableResult
    public func run(within limit: Duration = .seconds(3600), until condition: () throws -> Bool) rethrows -> Bool {
        let limit = core.instant(after: limit)
        _ = try core.drive(until: limit, condition: condition)
        return try condition()
    }

    /// Advances virtual time until no event can happen any more.
    ///
    /// - Parameter limit: maximum of virtual time, an hour by default; a negative one counts as zero. A timer that sets
    ///   itself again would continue for ever.
    /// - Returns: whether no event can happen any more.
    @discardableResult
    public func runUntilIdle(within limit: Duration = .seconds(3600)) -> Bool {
        core.drive(until: core.instant(after: limit)) { false }
    }

    // MARK: Record of the run

    /// The record of the run, a line for each event: time in seconds, both ends, and the event.
    ///
    /// It keeps at least the newest 50,000 entries.
    public var trace: String { core.trace.text(names: core.names) }

    /// Hash of all events of the run, including every delivered byte.
    ///
    /// Two runs with the same seed have the same digest.
    public var digest: UInt64 { core.trace.digest }

    /// Adds a line to the record.
    public func note(_ text: String) {
        core.trace.note(text, at: core.now)
    }

    /// Checks a condition: the first one that is false is the failure of the run.
    ///
    /// It may be called anywhere, in callbacks too; ``Simulation/check(seeds:faults:_:)`` reports the failure.
    ///
    /// - Returns: the condition.
    @discardableResult
    public func expect(_ condition: Bool, _ message: @autoclosure () -> String) -> Bool {
        if !condition { fail(message()) }
        return condition
    }

    /// Records that the run has failed; the first failure counts.
    public func fail(_ message: String) {
        note("FAILURE: \(message)")
        if core.failure == nil { core.failure = message }
    }

    /// The first failure of the run, if it has failed.
    public var failure: String? { core.failure }

    /// Stops all hosts for good, and releases every closure that they were given.
    ///
    /// Closures of listeners and timers often capture their reactor or the network, which makes a retain cycle. A test
    /// that creates many networks ends each; ``Simulation`` does so itself. The record can still be read.
    public func end() {
        core.end()
        reactors = []
    }
}

@available(*, unavailable)
extension SimulatedNetwork: Sendable {}
