/// What a reactor has done up to now and what waits in it: a copy of its figures, taken at one moment.
///
/// ```swift
/// let metrics = reactor.metrics
/// print(metrics.connections.now, metrics.traffic.bytesReceived, metrics.loop.lag.percentile(99))
/// ```
///
/// Counts begin with the reactor and never go down, over restarts either; ``since(_:)`` gives those of a while. What is
/// called `now`, `waiting`, `queued` or `underWay` is the state of the moment. Several reactors' figures are added with
/// `+`. Printed, it is a short table; ``prometheusText(labels:prefix:)`` has it in the form that monitoring reads.
public struct ReactorMetrics: Equatable, Sendable {
    /// How many reactors' figures these are: 1 as a reactor gives them, 0 of a sum that has nothing in it yet.
    public var reactors = 0

    /// The time in which it was counted: since the reactor was made, or between the two that ``since(_:)`` compares.
    public var period: Duration = .zero

    /// Connections: how many there are, how they came and how they went.
    public var connections = Connections()

    /// Listening: what was accepted, and what was not and why.
    public var accepting = Accepting()

    /// Connecting: what was begun, and what failed and why.
    public var connecting = Connecting()

    /// Bytes, and the calls that brought them.
    public var traffic = Traffic()

    /// The loop: its turns and how long they take.
    public var loop = Loop()

    /// Timers: `callLater`, and those that the library sets itself.
    public var timers = Timers()

    /// Calls from other threads.
    public var remote = Remote()

    /// Blocking work on other threads: `deferToThread`, and names that are being resolved.
    public var work = Work()

    /// Creates figures in which nothing is counted: what a sum begins with.
    public init() {}

    /// Figures of connections.
    public struct Connections: Equatable, Sendable {
        /// The connections that stand, those that are closing among them.
        public var now = 0

        /// The connections made, by what made them.
        public var made = Tally<Origin>()

        /// The connections lost, by reason: each was told `connectionLost` once.
        public var lost = Tally<Loss>()
    }

    /// Figures of listeners.
    public struct Accepting: Equatable, Sendable {
        /// The listeners that there are.
        public var listeners = 0

        /// The peers that `accept` gave a descriptor for, those among them that were refused afterwards.
        public var accepted = 0

        /// The peers that were closed without having been a connection, by cause.
        public var refused = Tally<Refusal>()

        /// How often accepting failed for want of descriptors or memory.
        public var shortages = 0
    }

    /// Figures of connectors.
    public struct Connecting: Equatable, Sendable {
        /// The connects that have neither a connection nor a failure yet.
        public var underWay = 0

        /// The connects begun.
        public var started = 0

        /// The connects that came to nothing, by cause.
        public var failed = Tally<ConnectFailure>()
    }

    /// Figures of bytes.
    public struct Traffic: Equatable, Sendable {
        /// The bytes given to `dataReceived` or passed on by a relay.
        ///
        /// What arrives while a connection closes, and is dropped, is not counted.
        public var bytesReceived = 0

        /// The bytes that the kernel took.
        public var bytesSent = 0

        /// The bytes that waited to be sent when their connection ended, and never were.
        public var bytesDropped = 0

        /// The bytes that wait to be sent: for the kernel to take more, or for the tokens of a rate limit.
        public var bytesQueued = 0

        /// The connections that have bytes waiting.
        public var connectionsQueued = 0

        /// The calls of `dataReceived`.
        public var callbacks = 0
    }

    /// Figures of the loop.
    public struct Loop: Equatable, Sendable {
        /// The turns that the loop has taken.
        public var turns = 0

        /// How long the work of each turn took: from the end of the wait to the end of the turn, all callbacks included.
        ///
        /// What becomes ready meanwhile waits for the rest of the turn: no longer than this. The sum of it is the time
        /// that the loop was busy.
        public var lag = Histogram()

        /// The calls of `callSoon` that wait for the next turn.
        public var callSoonWaiting = 0
    }

    /// Figures of timers.
    public struct Timers: Equatable, Sendable {
        /// The timers that are still to come.
        public var waiting = 0

        /// The timers that have fired.
        public var fired = 0

        /// How late each fired: from its deadline to when the turn that fired it looked at the clock.
        public var lateness = Histogram()
    }

    /// Figures of calls from other threads.
    public struct Remote: Equatable, Sendable {
        /// The calls taken: `callFromThread`, and the results of blocking work.
        public var calls = 0

        /// The calls that wait for the loop to take them.
        public var waiting = 0

        /// The most that ever waited.
        public var deepest = 0
    }

    /// Figures of blocking work.
    public struct Work: Equatable, Sendable {
        /// The pieces of this reactor's work that have no result yet, running or not.
        public var underWay = 0

        /// The pieces of the whole process's work that wait for one of the threads of `deferToThread`.
        public var waitingForThread = 0

        /// The names of the whole process that wait for a thread to resolve them.
        public var waitingForResolver = 0
    }

    /// The share of its time that the loop was busy, 0 to 1; of several reactors the mean.
    public var utilization: Double {
        // As a number: the period of very many reactors may be longer than a duration can be.
        period > .zero ? loop.lag.sum / period / Double(max(1, reactors)) : 0
    }
}
