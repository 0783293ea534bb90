public import EventReactorCore

/// A network of simulated hosts under one virtual clock, in which one seed gives one run, to the byte.
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
/// Between the hosts bytes travel as over TCP: in packets that may be lost and are sent again, through buffers that
/// fill up, and with an end that each side has of its own. Nothing reads a clock or a source of random numbers other
/// than the seed's.
public final class SimulatedNetwork {
    let core: NetworkCore
    private var reactors: [SimulatedReactor] = []

    /// Creates a network without hosts.
    ///
    /// - Parameters:
    ///   - seed: decides all that is left to chance.
    ///   - faults: the kinds of trouble that the network makes by itself; none unless given.
    public init(seed: UInt64, faults: Faults = []) {
        core = NetworkCore(seed: seed, faults: faults)
    }

    /// Creates a network that makes only certain faults, as a ``SimulationFailure`` names them.
    ///
    /// - Parameters:
    ///   - seed: decides all that is left to chance.
    ///   - only: which faults of each kind are made: the first of a kind is 0, the second 1 and so on.
    public init(seed: UInt64, only: [Faults: [Int]]) {
        let kinds = only.keys.reduce(into: Faults()) { $0.formUnion($1) }
        core = NetworkCore(seed: seed, faults: kinds, only: only)
    }

    init(core: NetworkCore) {
        self.core = core
    }

    // MARK: Hosts and links

    /// The reactor of a host; the first call for a name makes it.
    ///
    /// The network keeps the reactors that it makes. Hosts get addresses by their order: `10.0.0.1`, `10.0.0.2` and so
    /// on. All of them run from the first time on that the clock moves.
    ///
    /// - Parameters:
    ///   - name: by which others connect to it.
    ///   - configuration: settings of the reactor; used by the call that makes it.
    public func host(_ name: String, configuration: ReactorConfiguration = ReactorConfiguration()) -> SimulatedReactor {
        if let known = core.host(named: name)?.reactor as? SimulatedReactor { return known }
        let host = SimulatedHost(network: core, name: name)
        let reactor = SimulatedReactor(host: host, maker: self, configuration: configuration)
        reactors.append(reactor)
        return reactor
    }

    /// Sets how the ways between two hosts carry bytes, in both directions; what is on its way is not affected.
    ///
    /// Ways of which nothing was said take 1 ms, and 10 us from a host to itself.
    public func setLink(_ one: SimulatedReactor, _ other: SimulatedReactor, _ conditions: LinkConditions) {
        core.link(from: one.host.index, to: other.host.index).set(conditions)
        core.link(from: other.host.index, to: one.host.index).set(conditions)
    }

    /// How the way from one host to another carries bytes.
    public func conditions(from one: SimulatedReactor, to other: SimulatedReactor) -> LinkConditions {
        core.link(from: one.host.index, to: other.host.index).conditions
    }

    // MARK: Trouble

    /// Cuts the ways between two hosts: nothing arrives any more, what is on its way neither.
    ///
    /// Nobody is told. Connections go on when ``heal(_:_:)`` comes before ``retransmissionTimeout``.
    public func partition(_ one: SimulatedReactor, _ other: SimulatedReactor) {
        core.cut(one.host.index, other.host.index)
    }

    /// Ends a partition; each ends one.
    public func heal(_ one: SimulatedReactor, _ other: SimulatedReactor) {
        core.heal(one.host.index, other.host.index)
    }

    /// Has something on the way reset all connections between two hosts: both ends are told `ECONNRESET`.
    public func resetConnections(between one: SimulatedReactor, _ other: SimulatedReactor) {
        for socket in core.connections(between: one.host.index, other.host.index) { core.resetOnTheWay(socket) }
    }

    /// Lets all connections between two hosts go dead, for good, without a word to anyone.
    ///
    /// An end that has sent something is told `ETIMEDOUT` after ``retransmissionTimeout``, one with keep-alive probes
    /// when these stay unanswered, and any other never: as TCP does. New connections are not affected.
    public func silenceConnections(between one: SimulatedReactor, _ other: SimulatedReactor) {
        for socket in core.connections(between: one.host.index, other.host.index) { core.silence(socket) }
    }

    /// How long a connection goes on sending what nobody acknowledges; 15 minutes unless set, as on Linux.
    ///
    /// Less than a nanosecond counts as one, and more than a century as that.
    public var retransmissionTimeout: Duration {
        get { .nanoseconds(core.retransmissionTimeout) }
        set { core.retransmissionTimeout = max(1, newValue.simulated) }
    }

    /// The kinds of trouble that the network makes by itself.
    public var faults: Faults { core.faults.kinds }

    /// How many troubles it has made.
    public var faultCount: Int { core.faults.injected.count }

    /// Random numbers for the scenario itself, of the same seed.
    public var random: SeededRandom {
        get { core.random }
        set { core.random = newValue }
    }

    // MARK: Time

    /// Now, on the clock of all hosts.
    public var now: ReactorInstant { ReactorInstant(nanoseconds: core.now) }

    /// Lets virtual time pass, and with it all that happens meanwhile.
    ///
    /// In a callback, where time passes already, it does nothing.
    ///
    /// - Parameter duration: how much time; none where it is negative. The clock ends 146 years after the network's
    ///   start: it stops there, and what is due later never happens.
    public func advance(by duration: Duration) {
        let limit = core.instant(after: duration)
        _ = core.drive(until: limit) { false }
        core.setClock(limit)
    }

    /// Lets virtual time pass until a condition holds; asked in a callback it waits for nothing.
    ///
    /// - Parameters:
    ///   - limit: how much time may pass at most; none where it is negative.
    ///   - condition: asked after each thing that happens.
    /// - Returns: whether the condition holds.
    @discardableResult
    public func run(within limit: Duration = .seconds(3600), until condition: () throws -> Bool) rethrows -> Bool {
        let limit = core.instant(after: limit)
        _ = try core.drive(until: limit, condition: condition)
        return try condition()
    }

    /// Lets virtual time pass until nothing can happen any more.
    ///
    /// - Parameter limit: how much time may pass at most, none where it is negative; a timer that sets itself anew
    ///   would go on for ever.
    /// - Returns: whether nothing can happen any more.
    @discardableResult
    public func runUntilIdle(within limit: Duration = .seconds(3600)) -> Bool {
        core.drive(until: core.instant(after: limit)) { false }
    }

    // MARK: What happened

    /// The record of the run: time in seconds, which end and which other, what happened; a line each.
    ///
    /// It keeps the newest 50,000 entries at least.
    public var trace: String { core.trace.text(names: core.names) }

    /// A number for all that has happened, every byte that was delivered included.
    ///
    /// Two runs of one seed have the same one.
    public var digest: UInt64 { core.trace.digest }

    /// Puts a line into the record.
    public func note(_ text: String) {
        core.trace.note(text, at: core.now)
    }

    /// Says that something must hold: the first thing that does not is the failure of the run.
    ///
    /// It may be said anywhere, in callbacks too; ``Simulation/check(seeds:faults:_:)`` reports it.
    @discardableResult
    public func expect(_ condition: Bool, _ message: @autoclosure () -> String) -> Bool {
        if !condition { fail(message()) }
        return condition
    }

    /// Says that the run has failed; the first failure counts.
    public func fail(_ message: String) {
        note("FAILURE: \(message)")
        if core.failure == nil { core.failure = message }
    }

    /// The first failure of the run, if it has failed.
    public var failure: String? { core.failure }

    /// Stops all hosts for good, and lets go of every closure that they were given.
    ///
    /// Closures of listeners and timers often name their reactor, or the network, which so keep one another alive. A
    /// test that makes many networks ends each; ``Simulation`` does so itself. The record can still be read.
    public func end() {
        core.end()
        reactors = []
    }
}

@available(*, unavailable)
extension SimulatedNetwork: Sendable {}
