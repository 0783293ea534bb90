/// What every reactor can do, whatever engine carries it: the loop's life, time, threads, listening and connecting.
///
/// Programs use a reactor of an engine (`Reactor` of the module `EventReactor`), and code that is to run on all of them
/// names this class. A reactor is used by one thread: it is not `Sendable`, and the compiler holds you to that. Other
/// threads reach it by its `remote` alone.
///
/// A reactor is its process's: after a `fork()` without `exec` one of the two processes alone may use it, or release it,
/// since they share its descriptors. The child of a server that goes on makes reactors of its own, which work fully: its
/// threads are its own, and its signals do what they did before the parent's run.
@safe
open class ReactorBase {
    enum Phase {
        case idle, starting, running, draining, stopping, closing
    }

    package let engine: any ReactorEngine
    package let queue = RemoteQueue()
    package let chunks = ChunkPool()
    /// What connections receive into: one buffer for all, since one callback runs at a time.
    ///
    /// Read at every message: one load of two words, that no call spans.
    @exclusivity(unchecked) package final var receiveBuffer: UnsafeMutableRawBufferPointer
    final var receiveGrowth: ReceiveBufferGrowth
    /// What the data path counts, beside the buffer that it uses; each access is one load or store.
    @exclusivity(unchecked) final var uncheckedTraffic = TrafficCounts()
    package let counts: ReactorCounts
    package let timers: TimerQueue
    package let timeouts: TimeoutBoard
    private let clock: TurnClock
    final var phase = Phase.idle
    /// A run was begun that an engine carries on step by step; between the steps `run()` may take it over.
    package final var awaitsStep = false

    /// Whether ``close()`` has ended it for good.
    public internal(set) final var isClosed = false
    /// `close()` was called in a run.
    final var closesAfterRun = false

    final var startupHooks = HookList()
    final var shutdownHooks = HookList()
    /// Shutdown hooks that have been called and have not finished; nil until they are called.
    final var waitingHooks: WaitingHooks?
    /// A second signal came: hooks are not waited for.
    final var skipsHookWait = false
    /// The end of a gentle stop.
    final var drainDeadline: DelayedCall?

    // Looked at in every turn, by one load: the check that accesses to the arrays make costs more than most turns do.
    @exclusivity(unchecked) final var hasSoon = false
    @exclusivity(unchecked) private var hasScheduledFlushes = false
    @exclusivity(unchecked) private var hasEnded = false
    /// Calls from other threads came lately: more are looked for before the loop sleeps, so that none has to wake it.
    @exclusivity(unchecked) final var pollsRemoteQueue = false

    /// A closure that is an element itself is wrapped in another, allocated for it; one that is a field is not.
    struct SoonCall {
        let body: () -> Void
    }

    final var soon: [SoonCall] = []
    /// The calls of this turn, and those that are left of an earlier one.
    final var soonNow: [SoonCall] = []
    /// How many of them were made.
    final var soonMade = 0
    final var callSoonCount: Int { soon.count + soonNow.count - soonMade }
    final var jobs = JobList()
    /// How many calls from other threads were taken from the queue and left for the next turn.
    final var remoteCallsLeft = 0
    /// A stop was asked for behind them.
    final var stopsAfterCalls = false

    /// The live connections; each knows its place.
    private(set) final var connections: [Unmanaged<StreamConnection>] = unsafe []
    /// Where other threads see how many there are, if any want to.
    package final var load: ReactorLoad?
    /// The connections to settle at the end of the turn.
    ///
    /// No access to it spans a call that could list others, so none can overlap.
    @exclusivity(unchecked) private var flushQueue: [Unmanaged<StreamConnection>] = unsafe []
    /// Connections that ended in this turn: freed at its end, when no call of theirs is on the stack.
    private var ended: [Unmanaged<StreamConnection>] = unsafe []
    /// By number, so that they end in the order in which they were made, in every run.
    package internal(set) final var ports = OrderedRegistry<ListeningPort>()
    /// The ports that wait for a descriptor to become free.
    final var starvedPorts: [ListeningPort] = []
    /// The ports that do not listen any more, and have accepted peers that are still to be served.
    package internal(set) final var endingPorts: [ListeningPort] = []
    final var connectors = OrderedRegistry<Connector>()
    /// The listeners whose host is being resolved.
    final var pendingListeners = OrderedRegistry<PendingListener>()
    private var lastID: UInt64 = 0
    final var signalHandlers: [Int32: ReactorHook] = [:]
    /// The handlers of this run: what is changed meanwhile is for the next.
    final var watchedHandlers: [Int32: ReactorHook] = [:]
    /// Blocking work under way, by number: what to call with its result.
    final var deferred = OrderedRegistry<DeferredResult>()
    final var nextDeferred: UInt64 = 0

    let configuration: ReactorConfiguration

    /// Called with what goes wrong where no caller waits for an answer; unless set, a line on the standard error.
    ///
    /// It stays for later runs, until ``close()``.
    public final var onDiagnostic: (ReactorDiagnostic) -> Void = { StandardError.print("swift-event-reactor: \($0)\n") }
    {
        didSet { if isClosed { onDiagnostic = { _ in } } }
    }

    package init(engine: any ReactorEngine, configuration: ReactorConfiguration) {
        self.engine = engine
        self.configuration = configuration
        receiveGrowth = ReceiveBufferGrowth(asked: configuration.receiveBufferSize)
        unsafe receiveBuffer = receiveGrowth.allocate()
        counts = ReactorCounts(startTime: engine.now)
        timers = TimerQueue(fires: { [lateness = counts.lateness] in lateness.record($0) }) { [unowned engine] in
            engine.now
        }
        timeouts = TimeoutBoard(timers: timers)
        clock = timeouts.clock
        queue.connect(wake: engine.wake)
    }

    deinit {
        // All is detached first, so that nothing that is still held leads here, and released then: what closures and
        // protocols captured may call whatever this reactor returned.
        var released: [Any] = []
        released.append(cancelDeferredWork())
        for id in pendingListeners.ids {
            if let pending = pendingListeners[id] { released.append(pending.abandon() as Any) }
        }
        for id in ports.ids { if let port = ports[id] { released += port.detach() } }
        for port in endingPorts {
            port.dropLatecomers(engine)
            released += port.detach()
        }
        for id in connectors.ids { if let connector = connectors[id] { released += connector.abandon() } }
        unsafe connections.forEach { released += unsafe $0.takeRetainedValue().abandon() }
        timeouts.shut()
        timers.removeAll()
        released = []
        dropSoon()
        queue.close()
        unsafe ended.forEach { unsafe $0.release() }
        engine.shut()
        unsafe receiveBuffer.deallocate()
    }

    // MARK: Turns

    /// Counts the turns, for what is bounded in each.
    package final var turnNumber: UInt64 { unsafe uncheckedTurnNumber }
    @exclusivity(unchecked) private var uncheckedTurnNumber: UInt64 = 0

    /// The end of the sleep: nil sleeps until something happens.
    final var nextWake: ReactorInstant? {
        if unsafe hasSoon || hasScheduledFlushes || pollsRemoteQueue { return ReactorInstant(nanoseconds: .min) }
        return timers.nextDeadline
    }

    /// One turn: wait, handle I/O, fire timers, run what was queued, settle what was written.
    final func turn() {
        unsafe uncheckedTurnNumber &+= 1
        let pollsRemoteCalls = unsafe pollsRemoteQueue
        clock.turnBegins()
        engine.poll(until: nextWake)
        beginWork()
        if pollsRemoteCalls { pollRemoteCalls() }
        let nothingWasDue = timers.fireDue()
        let isOver = unsafe !hasSoon && !hasScheduledFlushes && !hasEnded
        if unsafe hasSoon { runSoon() }
        endTurn()
        endWork(at: isOver ? nothingWasDue : nil)
        clock.turnEnds()
    }

    /// Settles what was written, and lets go of what ended: no callback of a connection is on the stack.
    package final func endTurn() {
        if unsafe hasScheduledFlushes { runScheduledFlushes() }
        if unsafe hasEnded { releaseEnded() }
    }

    private func runScheduledFlushes() {
        var settled = 0
        // Settling may list others, whose turn has then come too.
        while unsafe settled < flushQueue.count {
            unsafe flushQueue[settled]._withUnsafeGuaranteedRef { $0.runScheduledFlush() }
            settled += 1
        }
        unsafe flushQueue.removeAll(keepingCapacity: settled <= 4096)
        unsafe hasScheduledFlushes = false
    }

    private func releaseEnded() {
        let gone = unsafe ended
        unsafe ended = []
        unsafe hasEnded = false
        unsafe gone.forEach { unsafe $0.release() }
    }

    // MARK: Connections

    /// The connections that stand, those that are closing among them.
    public final var connectionCount: Int { unsafe connections.count }

    final func register(_ connection: StreamConnection) {
        connection.slot = Int32(truncatingIfNeeded: unsafe connections.count)
        unsafe connections.append(.passRetained(connection))
        load?.update(unsafe connections.count)
    }

    final func unregister(_ connection: StreamConnection) {
        let slot = Int(connection.slot)
        guard slot >= 0 else { return }
        let entry = unsafe connections[slot]
        let last = unsafe connections.removeLast()
        if unsafe slot < connections.count {
            unsafe connections[slot] = last
            unsafe last._withUnsafeGuaranteedRef { $0.slot = Int32(truncatingIfNeeded: slot) }
        }
        connection.slot = -1
        unsafe ended.append(entry)
        unsafe hasEnded = true
        connection.settings.members?.remove(connection.peer)
        connection.settings.adoption?.release()
        load?.update(unsafe connections.count)
        if !starvedPorts.isEmpty { retryStarvedListeners() }
        // After a flood the table does not keep the memory that the flood needed.
        if unsafe connections.capacity > 4096 && connections.count < connections.capacity / 8 { shrinkConnections() }
    }

    /// Moves the table into as much memory as it needs, and room to grow to twice the size.
    private func shrinkConnections() {
        var smaller: [Unmanaged<StreamConnection>] = unsafe []
        unsafe smaller.reserveCapacity(connections.count * 2)
        unsafe smaller.append(contentsOf: connections)
        unsafe connections = smaller
    }

    /// Gives memory that is kept for reuse back to the system, as far as the allocator can.
    ///
    /// The library itself keeps little: at most 256 chunks of 16 KiB and 32 empty buffers of libevent. What stays after
    /// many connections have gone is the allocator's, which gives memory back by itself only from the end of its heap.
    /// This asks it for all pages that are free (`malloc_trim` of glibc), which takes milliseconds where there is much:
    /// for quiet times, such as after a flood, and not for each connection.
    public final func releaseMemory() {
        chunks.empty()
        if soonMade == soonNow.count {
            soonNow = []
            soonMade = 0
        }
        if unsafe connections.count < connections.capacity / 2 { shrinkConnections() }
        engine.releaseMemory()
    }

    /// Has a connection settled at the end of the turn.
    ///
    /// Where many wait already, as in a broadcast, the first of them are sent now, so that what they gathered stays
    /// little.
    final func scheduleFlush(of connection: StreamConnection) {
        if unsafe flushQueue.count >= 256, unsafe flushQueue.count % 64 == 0 {
            unsafe flushQueue.suffix(64).forEach { unsafe $0._withUnsafeGuaranteedRef { $0.flush() } }
        }
        unsafe flushQueue.append(.passUnretained(connection))
        unsafe hasScheduledFlushes = true
    }

    private func retryStarvedListeners() {
        let starved = starvedPorts
        starvedPorts = []
        for port in starved { port.descriptorFreed() }
    }

    package final func report(_ diagnostic: ReactorDiagnostic) {
        onDiagnostic(diagnostic)
    }

    /// An identity that no other listener or connector of the reactor has.
    final func makeID() -> UInt64 {
        lastID += 1
        return lastID
    }

    final func add(_ port: ListeningPort) { ports.add(port, as: port.id) }
    final func remove(_ port: ListeningPort) { ports.remove(port.id) }
}

@available(*, unavailable)
extension ReactorBase: Sendable {}
