/// The base class of all reactors: an event loop with timers, deferred calls, listeners, connectors and connections.
///
/// Programs create a reactor of an engine (`Reactor` of the module `EventReactor`); code that runs on every engine uses
/// this class.
///
/// ```swift
/// func serveEcho(on reactor: ReactorBase, port: Int) throws {
///     try reactor.listenTCP(port: port) { Echo() }
///     try reactor.run()
/// }
/// ```
///
/// A reactor is used on one thread: it is not `Sendable`, which the compiler enforces. Other threads use its `remote`.
///
/// After a `fork()` without `exec` only one of the two processes may use or release the reactor, since both share its
/// file descriptors. The child of a running server may create reactors of its own: it has its own threads, and its
/// signals have the actions from before the parent's run.
@safe
open class ReactorBase {
    enum Phase {
        case idle, starting, running, draining, stopping, closing
    }

    package let engine: any ReactorEngine
    package let queue: RemoteQueue
    let chunks: ChunkPool
    /// The receive buffer, shared by all connections, since one callback runs at a time.
    ///
    /// Read at every message. Unchecked: each access is one load of two words, and spans no call.
    @exclusivity(unchecked) package internal(set) final var receiveBuffer: UnsafeMutableRawBufferPointer
    final var receiveGrowth: ReceiveBufferGrowth
    /// Counters of the data path, adjacent to the buffer that it uses; each access is one load or store.
    final var uncheckedTraffic: TrafficCounts
    let counts: ReactorCounts
    let timers: TimerQueue
    package let timeouts: TimeoutQueue
    private let clock: TurnClock
    final var phase: Phase
    /// Whether a run is in progress that an engine carries on step by step; between the steps `run()` may continue it.
    package final var awaitsStep: Bool

    /// Whether the reactor was closed by ``close()``.
    public internal(set) final var isClosed: Bool
    /// Whether `close()` was called in a run, which closes the reactor when the run ends.
    final var closesAfterRun: Bool

    final var startupHooks: HookList
    final var shutdownHooks: HookList
    /// Shutdown hooks that were called and have not finished; nil until they are called.
    final var pendingHooks: PendingHooks?
    /// Whether a second stop was requested: shutdown hooks are not waited for.
    final var skipsHookWait: Bool
    /// The deadline of a drain.
    final var drainDeadline: DelayedCall?

    // Read in every turn, by one load each: the exclusivity checks of the arrays would cost more than most turns do.
    final var hasSoon: Bool
    private var hasScheduledFlushes: Bool
    private var hasEnded: Bool
    /// Whether calls from other threads arrived lately: the queue is drained before the loop sleeps, without a wake-up.
    final var pollsRemoteQueue: Bool

    /// A closure as a generic element is wrapped in an allocated thunk; a closure in a field is not.
    struct SoonCall {
        let body: () -> Void
    }

    final var soon: [SoonCall]
    /// The calls of this turn, or those left of an earlier one.
    final var soonNow: [SoonCall]
    /// The number of calls in `soonNow` that were made.
    final var soonMade: Int
    final var callSoonCount: Int { soon.count + soonNow.count - soonMade }
    final var jobs: JobList
    /// The number of calls from other threads that were drained from the queue and left for the next turn.
    final var remoteCallsLeft: Int
    /// Whether a stop was requested after these calls.
    final var stopsAfterCalls: Bool

    /// The live connections, retained here until they move to `ended`; each stores its index as `slot`.
    final var connections: [Unmanaged<StreamConnection>]
    /// The load that other threads read, in a group of reactors.
    package final var load: ReactorLoad?
    /// The connections to flush at the end of the turn.
    ///
    /// Unretained: a scheduled connection is in `connections` or `ended` until then. Unchecked: no access spans a call
    /// that could append to it, so none can overlap.
    private var flushQueue: [Unmanaged<StreamConnection>]
    /// Connections that ended in this turn: released at its end, when none of their callbacks is on the stack.
    private var ended: [Unmanaged<StreamConnection>]
    /// The listeners by id, so that a stop ends them in the order of their creation.
    final var ports: OrderedRegistry<ListeningPort>
    /// The listeners that wait for a free file descriptor.
    final var starvedPorts: [ListeningPort]
    /// The listeners that were stopped, and have accepted peers left to serve.
    final var endingPorts: [ListeningPort]
    final var connectors: OrderedRegistry<Connector>
    /// The listeners whose host is being resolved.
    final var pendingListeners: OrderedRegistry<PendingListener>
    private var lastID: UInt64
    final var signalHandlers: [ReactorHook]
    /// The signal handlers of this run: changes apply to the next.
    final var runHandlers: [ReactorHook]
    /// The completions of blocking work in progress, by id.
    final var deferred: OrderedRegistry<DeferredResult>

    let configuration: ReactorConfiguration

    /// The objects of `layerState`, one of a type.
    final var layerStates: [AnyObject]

    /// Called on the reactor's thread with each problem that no call can throw and no callback reports.
    ///
    /// By default it prints a line on the standard error. It is retained until ``close()``.
    public final var onDiagnostic: (ReactorDiagnostic) -> Void {
        didSet { if isClosed { onDiagnostic = { _ in } } }
    }

    package init(engine: any ReactorEngine, configuration: ReactorConfiguration) {
        self.engine = engine
        self.configuration = configuration
        // Initial values are set here and not where the properties are declared: there, the compiler makes a function of
        // each, which every program contains.
        queue = RemoteQueue()
        chunks = ChunkPool()
        uncheckedTraffic = TrafficCounts()
        phase = .idle
        awaitsStep = false
        isClosed = false
        closesAfterRun = false
        startupHooks = HookList()
        shutdownHooks = HookList()
        skipsHookWait = false
        hasSoon = false
        hasScheduledFlushes = false
        hasEnded = false
        pollsRemoteQueue = false
        soon = []
        soonNow = []
        soonMade = 0
        jobs = JobList()
        remoteCallsLeft = 0
        stopsAfterCalls = false
        unsafe connections = []
        unsafe flushQueue = []
        unsafe ended = []
        ports = OrderedRegistry()
        starvedPorts = []
        endingPorts = []
        connectors = OrderedRegistry()
        pendingListeners = OrderedRegistry()
        lastID = 0
        signalHandlers = []
        runHandlers = []
        deferred = OrderedRegistry()
        layerStates = []
        uncheckedTurnNumber = 0
        onDiagnostic = { StandardError.print("swift-event-reactor: \($0)\n") }
        receiveGrowth = ReceiveBufferGrowth(requested: configuration.receiveBufferSize)
        unsafe receiveBuffer = receiveGrowth.allocate()
        counts = ReactorCounts(startTime: engine.now)
        timers = TimerQueue(fires: { [lateness = counts.lateness] in lateness.record($0) }) { [unowned engine] in
            engine.now
        }
        timeouts = TimeoutQueue(timers: timers)
        clock = timeouts.clock
        queue.connect(wake: engine.wake)
    }

    deinit {
        // Everything is detached from this reactor first and released then: objects that closures and protocols
        // captured may call, in their deinit, whatever this reactor returned.
        withExtendedLifetime(detachAll()) {
            timeouts.shut()
            timers.removeAll()
            cancelHooks()
        }
        dropSoon()
        queue.close()
        unsafe ended.forEach { unsafe $0.release() }
        engine.shut()
        unsafe receiveBuffer.deallocate()
    }

    // MARK: Turns

    /// The number of this turn, for limits that apply per turn.
    package final var turnNumber: UInt64 { uncheckedTurnNumber }
    private var uncheckedTurnNumber: UInt64

    /// The time at which the loop wakes without an event; nil if it sleeps until one.
    final var nextWake: ReactorInstant? {
        if hasSoon || hasScheduledFlushes || pollsRemoteQueue { return ReactorInstant(nanoseconds: .min) }
        return timers.nextDeadline
    }

    /// Runs one turn: wait, handle I/O, call other threads' calls, fire timers, run `callSoon` calls, flush writes.
    final func turn() {
        uncheckedTurnNumber &+= 1
        let pollsRemoteCalls = pollsRemoteQueue
        clock.turnBegins()
        engine.poll(until: nextWake)
        beginWork()
        if pollsRemoteCalls { pollRemoteCalls() }
        let nothingWasDue = timers.fireDue()
        let isOver = !hasSoon && !hasScheduledFlushes && !hasEnded
        if hasSoon { runSoon() }
        endTurn()
        endWork(at: isOver ? nothingWasDue : nil)
        clock.turnEnds()
    }

    /// Flushes scheduled connections and releases ended ones.
    ///
    /// - Precondition: No callback of a connection is on the stack.
    final func endTurn() {
        if hasScheduledFlushes { runScheduledFlushes() }
        if hasEnded { releaseEnded() }
    }

    private func runScheduledFlushes() {
        var index = 0
        // A flush may schedule others, which are flushed in the same pass.
        while unsafe index < flushQueue.count {
            unsafe flushQueue[index]._withUnsafeGuaranteedRef { $0.runScheduledFlush() }
            index += 1
        }
        unsafe flushQueue.removeAll(keepingCapacity: index <= 4096)
        hasScheduledFlushes = false
    }

    private func releaseEnded() {
        let gone = unsafe ended
        unsafe ended = []
        hasEnded = false
        unsafe gone.forEach { unsafe $0.release() }
    }

    // MARK: Connections

    /// The number of open connections, including those that are closing.
    public final var connectionCount: Int { unsafe connections.count }

    final func register(_ connection: StreamConnection) {
        connection.slot = Int32(truncatingIfNeeded: unsafe connections.count)
        unsafe connections.append(.passRetained(connection))
        load?.update(unsafe connections.count)
    }

    final func unregister(_ connection: StreamConnection) {
        let slot = Int(connection.slot)
        // One above a layer is in no table, but may be in the flush queue.
        guard slot >= 0 else { return unsafe releaseAtEndOfTurn(.passRetained(connection)) }
        let entry = unsafe connections[slot]
        let last = unsafe connections.removeLast()
        if unsafe slot < connections.count {
            unsafe connections[slot] = last
            unsafe last._withUnsafeGuaranteedRef { $0.slot = Int32(truncatingIfNeeded: slot) }
        }
        connection.slot = -1
        unsafe releaseAtEndOfTurn(entry)
        connection.settings.members?.remove(connection.peer)
        connection.settings.adoption?.release()
        load?.update(unsafe connections.count)
        if !starvedPorts.isEmpty { retryStarvedListeners() }
        // Releases the memory of the table after a flood of connections.
        if unsafe connections.capacity > 4096 && connections.count < connections.capacity / 8 { shrinkConnections() }
    }

    private func releaseAtEndOfTurn(_ connection: Unmanaged<StreamConnection>) {
        unsafe ended.append(connection)
        hasEnded = true
    }

    /// Schedules the flush of a connection at the end of the turn.
    ///
    /// If many are scheduled already, as in a broadcast, some are flushed now, to bound the memory of gathered writes.
    final func scheduleFlush(of connection: StreamConnection) {
        if unsafe flushQueue.count >= 256, unsafe flushQueue.count % 64 == 0 {
            unsafe flushQueue.suffix(64).forEach { unsafe $0._withUnsafeGuaranteedRef { $0.flush() } }
        }
        unsafe flushQueue.append(.passUnretained(connection))
        hasScheduledFlushes = true
    }

    @inline(never)
    package final func report(_ diagnostic: ReactorDiagnostic) {
        onDiagnostic(diagnostic)
    }

    /// An id that no other listener, connector or completion of the reactor has.
    final func makeID() -> UInt64 {
        lastID += 1
        return lastID
    }
}

@available(*, unavailable)
extension ReactorBase: Sendable {}
