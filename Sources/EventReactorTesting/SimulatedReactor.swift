public import EventReactorCore

/// A reactor of a simulated network: the contract without a kernel, on a virtual clock that only tests move.
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
/// `run()` and `stop()` work too: the clock jumps from one event to the next. If no event can happen any more, `run()`
/// ends as by `stop()`, since it would wait for ever.
///
/// Everything happens on the thread that moves the clock, in an order that the seed alone decides. So there are no
/// signals, and the configuration's are ignored. Calls that another thread posts to ``remote`` are made at the next step,
/// whenever that is. The work of `deferToThread` is done on the same thread, in the next turn. There is no ``Buffering``
/// but ``Buffering/direct``.
public final class SimulatedReactor: ReactorBase {
    /// Settings of a reactor.
    public typealias Configuration = ReactorConfiguration

    let host: SimulatedHost
    private weak var maker: SimulatedNetwork?
    private lazy var ownNetwork = SimulatedNetwork(core: host.network)

    /// Creates a reactor that is alone in a network of its own: a server and its clients can live in it together.
    ///
    /// - Parameters:
    ///   - seed: of all random decisions.
    ///   - faults: the kinds of fault that the network injects; none by default.
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
    /// Their calls are made at the next step. A test that waits for other threads is not simulated.
    public var remote: RemoteHandle<SimulatedReactor> { RemoteHandle(queue) }

    // MARK: Time

    /// Advances virtual time on all hosts of the network, and handles all events that are due meanwhile.
    ///
    /// The first call begins a run: startup hooks run, and `stop()` works from then on. In a callback, while time is
    /// being advanced, it does nothing.
    ///
    /// - Parameter duration: how much time; a negative one counts as zero.
    public func advance(by duration: Duration) {
        network.advance(by: duration)
    }

    /// Advances virtual time to an instant; does nothing if it has passed.
    public func run(until instant: ReactorInstant) {
        network.advance(by: now.duration(to: instant))
    }

    /// Advances virtual time until a condition is true.
    ///
    /// - Parameters:
    ///   - limit: maximum of virtual time; an hour by default.
    ///   - condition: checked after each event.
    /// - Returns: whether the condition is true.
    @discardableResult
    public func run(within limit: Duration = .seconds(3600), until condition: () throws -> Bool) rethrows -> Bool {
        try network.run(within: limit, until: condition)
    }

    // MARK: Properties of the host

    /// Duration of each loop turn of the host; zero by default.
    ///
    /// A negative time counts as zero, and more than a century as a century. A slow host reads late, and bytes sent to
    /// it wait.
    public var turnTime: Duration {
        get { .nanoseconds(host.turnTime) }
        set { host.turnTime = newValue.simulated }
    }

    /// Makes the callback that calls it last so long, like one that computes or blocks.
    ///
    /// The clock does not move meanwhile; the host's next turn is that much later. A negative time counts as zero, and
    /// more than a century as a century.
    public func spend(_ time: Duration) {
        host.spend(max(time, .zero).simulated)
    }

    /// Maximum of connections for which the host has descriptors; `nil` (default) for no limit.
    ///
    /// Beyond it accepting fails with `EMFILE`, and so does connecting. 0 or less allows none.
    public var descriptorLimit: Int? {
        get { host.descriptorLimit }
        set { host.descriptorLimit = newValue }
    }
}
