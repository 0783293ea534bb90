/// Figures of a reactor's work: a copy of its counters and gauges at one moment.
///
/// ```swift
/// let metrics = reactor.metrics
/// print(metrics.connections.now, metrics.traffic.bytesReceived, metrics.loop.lag.percentile(99))
/// ```
///
/// Counters start at 0 when the reactor is created and never decrease, also over several runs; ``since(_:)`` gives the
/// difference of two copies. Figures called `now`, `waiting`, `queued` or `underWay`, and `listeners`, are gauges: the
/// state of the moment. `+` adds the figures of several reactors. The description is a short table;
/// ``prometheusText(labels:prefix:)`` formats the figures for monitoring.
public struct ReactorMetrics: Equatable, Sendable {
    /// The number of reactors in these figures: 1 from a reactor, 0 of an empty sum.
    public var reactors: Int

    /// The time over which the counters counted: since the reactor was created, or between two copies, by
    /// ``since(_:)``.
    public var period: Duration

    /// Connections: open ones, and counts of those made and lost.
    public var connections: Connections

    /// Listening: counts of accepted and refused peers.
    public var accepting: Accepting

    /// Connecting: counts of connects started and failed.
    public var connecting: Connecting

    /// Traffic: bytes received, sent and queued.
    public var traffic: Traffic

    /// The loop: its turns and their lag.
    public var loop: Loop

    /// Timers: calls of ``ReactorBase/callLater(_:_:)``, and the library's own timers.
    public var timers: Timers

    /// Calls from other threads.
    public var remote: Remote

    /// Blocking work on other threads: `deferToThread` and name resolution.
    public var work: Work

    /// Figures of connections.
    public struct Connections: Equatable, Sendable {
        /// The open connections, including those that are closing.
        public var now: Int

        /// The connections made, by origin.
        public var made: Tally<Origin>

        /// The connections lost, by reason: one for each call of ``Protocol/connectionLost(_:)``.
        public var lost: Tally<Loss>
    }

    /// Figures of listeners.
    public struct Accepting: Equatable, Sendable {
        /// The open listeners.
        public var listeners: Int

        /// The peers accepted, including those that were refused afterwards.
        public var accepted: Int

        /// The peers closed before their connection began, by cause.
        public var refused: Tally<Refusal>

        /// The number of times that accepting failed because descriptors or memory were exhausted.
        public var shortages: Int
    }

    /// Figures of connectors.
    public struct Connecting: Equatable, Sendable {
        /// The connects that have neither succeeded nor failed yet.
        public var underWay: Int

        /// The connects started.
        public var started: Int

        /// The connects that failed, by cause.
        public var failed: Tally<ConnectFailure>
    }

    /// Figures of bytes.
    public struct Traffic: Equatable, Sendable {
        /// The bytes passed to ``Protocol/dataReceived(_:)`` or forwarded by a relay.
        ///
        /// Bytes that arrive while a connection closes are dropped and not counted.
        public var bytesReceived: Int

        /// The bytes that the kernel has accepted for sending.
        public var bytesSent: Int

        /// The bytes that were in write queues when their connection ended, and were never sent.
        public var bytesDropped: Int

        /// The bytes in write queues: they wait for room in the kernel's buffer, or for tokens of a rate limit.
        public var bytesQueued: Int

        /// The connections with bytes in their write queue.
        public var connectionsQueued: Int

        /// The calls of ``Protocol/dataReceived(_:)``.
        public var callbacks: Int
    }

    /// Figures of the loop.
    public struct Loop: Equatable, Sendable {
        /// The turns of the loop.
        public var turns: Int

        /// The duration of each turn's work: from the end of its wait to the end of the turn, with all callbacks.
        ///
        /// It bounds the time that an event waits for the loop. Its sum is the time that the loop was busy. It is empty
        /// if ``ReactorConfiguration/measuresLoopLag`` is false.
        public var lag: Histogram

        /// The calls of ``ReactorBase/callSoon(_:)`` that wait for the next turn.
        public var callSoonWaiting: Int
    }

    /// Figures of timers.
    public struct Timers: Equatable, Sendable {
        /// The timers that have not fired yet.
        public var waiting: Int

        /// The timers that have fired.
        public var fired: Int

        /// The lateness of each timer: from its deadline to the clock reading of the turn that fired it.
        public var lateness: Histogram
    }

    /// Figures of calls from other threads.
    public struct Remote: Equatable, Sendable {
        /// The calls received: by ``RemoteHandle/callFromThread(_:)``, and results of blocking work.
        public var calls: Int

        /// The calls that wait in the queue.
        public var waiting: Int

        /// The greatest number of calls that waited at a time.
        public var deepest: Int
    }

    /// Figures of blocking work.
    public struct Work: Equatable, Sendable {
        /// This reactor's jobs without a result yet, running or waiting.
        public var underWay: Int

        /// The whole process's jobs that wait for a thread of `deferToThread`.
        public var waitingForThread: Int

        /// The whole process's names that wait for a thread to resolve them.
        public var waitingForResolver: Int
    }

    /// The fraction of ``period`` that the loop was busy, 0 to 1; the mean of several reactors.
    public var utilization: Double {
        // In floating point: the sum of very many periods may overflow a duration.
        period > .zero ? loop.lag.sum / period / Double(max(1, reactors)) : 0
    }
}

extension ReactorMetrics {
    /// Creates figures that are all 0, to begin a sum with.
    public init() {
        self.init(
            reactors: 0, period: .zero,
            connections: Connections(now: 0, made: Tally(), lost: Tally()),
            accepting: Accepting(listeners: 0, accepted: 0, refused: Tally(), shortages: 0),
            connecting: Connecting(underWay: 0, started: 0, failed: Tally()),
            traffic: Traffic(
                bytesReceived: 0, bytesSent: 0, bytesDropped: 0, bytesQueued: 0, connectionsQueued: 0, callbacks: 0),
            loop: Loop(turns: 0, lag: Histogram(), callSoonWaiting: 0),
            timers: Timers(waiting: 0, fired: 0, lateness: Histogram()),
            remote: Remote(calls: 0, waiting: 0, deepest: 0),
            work: Work(underWay: 0, waitingForThread: 0, waitingForResolver: 0))
    }
}
