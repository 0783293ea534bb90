extension ReactorBase {
    /// What the reactor has done up to now and what waits in it.
    ///
    /// Counting goes on always and costs a few instructions a message. Asking takes time that grows with the
    /// connections, some nanoseconds for each, since it looks how much waits to be sent.
    public final var metrics: ReactorMetrics {
        var metrics = ReactorMetrics()
        metrics.reactors = 1
        metrics.period = counts.age(at: now)
        metrics.connections.now = connectionCount
        metrics.connections.made = counts.made.snapshot
        metrics.connections.lost = counts.lost.snapshot
        metrics.accepting.listeners = ports.count
        metrics.accepting.accepted = counts.accepted
        metrics.accepting.refused = counts.refused.snapshot
        metrics.accepting.shortages = counts.shortages
        metrics.connecting.underWay = connectors.count
        metrics.connecting.started = counts.connectsStarted
        metrics.connecting.failed = counts.connectsFailed.snapshot
        addTraffic(to: &metrics.traffic)
        metrics.loop.turns = Int(truncatingIfNeeded: turnNumber)
        metrics.loop.lag = counts.lag.snapshot
        metrics.loop.callSoonWaiting = callSoonCount
        metrics.timers.waiting = timers.count
        metrics.timers.lateness = counts.lateness.snapshot
        metrics.timers.fired = metrics.timers.lateness.count
        metrics.remote.calls = counts.remoteCalls
        metrics.remote.waiting = queue.count + remoteCallsLeft
        metrics.remote.deepest = max(counts.deepestRemoteQueue, metrics.remote.waiting)
        metrics.work.underWay = deferred.count
        metrics.work.waitingForThread = engine.waitingCount(in: .work)
        metrics.work.waitingForResolver = engine.waitingCount(in: .resolving)
        return metrics
    }

    private func addTraffic(to traffic: inout ReactorMetrics.Traffic) {
        let counted = unsafe uncheckedTraffic
        unsafe connections.forEach { entry in
            unsafe entry._withUnsafeGuaranteedRef { connection in
                guard !connection.state.isDisjoint(with: .queuesWrites) else { return }
                let waiting = connection.queuedByteCount
                traffic.connectionsQueued += waiting > 0 ? 1 : 0
                traffic.bytesQueued += waiting
            }
        }
        traffic.callbacks = counted.callbacks
        traffic.bytesReceived = counted.bytesReceived
        traffic.bytesDropped = counts.bytesDropped
        // The engine does not say what it has sent of a queue: it is what neither waits nor was dropped.
        traffic.bytesSent = counted.bytesTaken + counted.bytesQueued - counts.bytesDropped - traffic.bytesQueued
    }

    /// Writes ``metrics`` to the standard error.
    public final func printMetrics() {
        StandardError.print("\(metrics)\n")
    }

    /// Writes ``metrics`` to the standard error whenever a signal comes, while the reactor runs.
    ///
    /// ```swift
    /// reactor.printMetrics(on: SIGUSR1)  // then, from a shell: kill -USR1 <pid>
    /// ```
    ///
    /// It takes the place of another handler that ``onSignal(_:_:)`` set, and holds from the next `run()` on, as that
    /// does. Where several reactors of a process do so, each prints its own.
    public final func printMetrics(on signal: Int32) {
        onSignal(signal) { [unowned self] in printMetrics() }
    }

    // MARK: How long a turn's work takes

    /// The wait of this turn is over and its work begins; calls after the first in a turn do nothing.
    ///
    /// An engine calls it when it has waited, or, where it cannot know that, with the first thing that it handles.
    @inline(__always)
    package final func beginWork() {
        if unsafe uncheckedTraffic.workBegan == TrafficCounts.waiting { noteWorkBegins() }
    }

    @inline(never)
    final func noteWorkBegins() {
        unsafe uncheckedTraffic.workBegan = configuration.measuresLoopLag ? engine.now.nanoseconds : 0
    }

    /// The buffer for receiving, for the first who asks in a turn.
    ///
    /// Not a method, so that the caller can jump here with nothing to restore.
    @inline(never)
    static func receiveBufferAsWorkBegins(_ reactor: ReactorBase) -> UnsafeMutableRawBufferPointer {
        reactor.noteWorkBegins()
        return unsafe reactor.receiveBuffer
    }

    /// The work of this turn takes longer than the clock shows: a simulated clock stands still meanwhile.
    package final func addWork(_ nanoseconds: Int64) {
        unsafe counts.uncheckedHiddenWork &+= nanoseconds
    }

    /// The work of this turn is done.
    ///
    /// - Parameter instant: when, where the clock was just looked at.
    @inline(__always)
    final func endWork(at instant: ReactorInstant?) {
        guard configuration.measuresLoopLag else { return }
        let end = instant ?? engine.now
        counts.lag.record(unsafe end.nanoseconds &- uncheckedTraffic.workBegan &+ counts.uncheckedHiddenWork)
        unsafe counts.uncheckedHiddenWork = 0
        unsafe uncheckedTraffic.workBegan = TrafficCounts.waiting
    }
}
