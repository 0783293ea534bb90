public import EventReactorCore

/// A reactor of a simulated network: the contract with no kernel under it, on a clock that only tests move.
///
/// It is one host. Protocols, timers, listeners and connectors work as on any reactor; connections lead to other hosts
/// of the same ``SimulatedNetwork``, or from a host to itself.
///
/// ```swift
/// let reactor = SimulatedReactor(seed: 7)
/// try reactor.listenTCP(port: 8007) { Echo() }
/// try reactor.connectTCP(host: "localhost", port: 8007) { Client() }
/// reactor.advance(by: .seconds(1))
/// ```
///
/// `run()` and `stop()` work too: the clock jumps from one event to the next. Where nothing can happen any more,
/// `run()` ends as by `stop()`, since it would wait for ever.
///
/// Everything happens on the thread that moves the clock, in an order that the seed alone decides. So signals mean
/// nothing here, and the configuration's are ignored. What another thread posts to ``remote`` is taken at the next step,
/// whenever that is. The work of `deferToThread` is done on the same thread, in the next turn.
public final class SimulatedReactor: ReactorBase {
    /// Settings of a reactor.
    public typealias Configuration = ReactorConfiguration

    let host: SimulatedHost
    private weak var maker: SimulatedNetwork?
    private lazy var ownNetwork = SimulatedNetwork(core: host.network)

    /// Creates a reactor that is alone in a network of its own: a server and its clients can live in it together.
    ///
    /// - Parameters:
    ///   - seed: decides all that is left to chance.
    ///   - faults: the kinds of trouble that the network makes; none unless given.
    ///   - configuration: settings of the reactor.
    public convenience init(seed: UInt64, faults: Faults = [], configuration: Configuration = Configuration()) {
        self.init(
            host: SimulatedHost(network: NetworkCore(seed: seed, faults: faults), name: "host"),
            maker: nil, configuration: configuration)
    }

    init(host: SimulatedHost, maker: SimulatedNetwork?, configuration: Configuration) {
        self.host = host
        self.maker = maker
        super.init(engine: host, configuration: configuration)
        host.serve(self)
    }

    /// The network that the host is part of.
    public var network: SimulatedNetwork { maker ?? ownNetwork }

    /// The host's name in its network.
    public var name: String { host.name }

    /// The host's address in its network; to itself it is `127.0.0.1` and `::1` as well.
    public var address: SocketAddress { host.address }

    /// The handle for other threads.
    ///
    /// What they post is taken at the next step. A test that waits for other threads is not simulated.
    public var remote: RemoteHandle<SimulatedReactor> { RemoteHandle(queue) }

    // MARK: Time

    /// Lets virtual time pass, on all hosts of the network, and with it all that happens meanwhile.
    ///
    /// The first call begins a run: startup hooks run, and `stop()` works from then on. In a callback, where time
    /// passes already, it does nothing.
    public func advance(by duration: Duration) {
        network.advance(by: duration)
    }

    /// Lets virtual time pass until an instant; none where it has passed.
    public func run(until instant: ReactorInstant) {
        network.advance(by: now.duration(to: instant))
    }

    /// Lets virtual time pass until a condition holds.
    ///
    /// - Parameters:
    ///   - limit: how much time may pass at most.
    ///   - condition: asked after each thing that happens.
    /// - Returns: whether the condition holds.
    @discardableResult
    public func run(within limit: Duration = .seconds(3600), until condition: () throws -> Bool) rethrows -> Bool {
        try network.run(within: limit, until: condition)
    }

    // MARK: What the host is like

    /// How long each turn of the host takes; zero unless set.
    ///
    /// A negative time counts as none, and more than a century as that.
    /// A slow host reads late, and what is sent to it waits.
    public var turnTime: Duration {
        get { .nanoseconds(host.turnTime) }
        set { host.turnTime = newValue.simulated }
    }

    /// Has the callback that calls it take so much time, as one does that computes or blocks.
    ///
    /// The clock stands still meanwhile; the host's next turn comes that much later. A negative time counts as none,
    /// and more than a century as that.
    public func spend(_ time: Duration) {
        host.spend(max(time, .zero).simulated)
    }

    /// How many connections the host has descriptors for, or nil for no limit.
    ///
    /// Beyond them accepting fails with `EMFILE`, and so does connecting. 0 or less is none at all.
    public var descriptorLimit: Int? {
        get { host.descriptorLimit }
        set { host.descriptorLimit = newValue }
    }
}
