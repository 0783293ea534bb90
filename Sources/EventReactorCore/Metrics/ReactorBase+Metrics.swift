extension ReactorBase {
    /// The reactor's figures up to now, on the reactor's thread; other threads use ``RemoteHandle/metrics()``.
    ///
    /// Counting is always on and costs a few instructions a message.
    ///
    /// - Complexity: O(n) in the connections, some nanoseconds each: the bytes in their write queues are added up.
    public final var metrics: ReactorMetrics {
        let waiting = queue.count + remoteCallsLeft
        let lateness = counts.lateness.snapshot
        return ReactorMetrics(
            reactors: 1, period: counts.age(at: now),
            connections: ReactorMetrics.Connections(
                now: connectionCount, made: counts.made.snapshot, lost: counts.lost.snapshot),
            accepting: ReactorMetrics.Accepting(
                listeners: ports.count, accepted: counts.accepted, refused: counts.refused.snapshot,
                shortages: counts.shortages),
            connecting: ReactorMetrics.Connecting(
                underWay: connectors.count, started: counts.connectsStarted, failed: counts.connectsFailed.snapshot),
            traffic: traffic,
            loop: ReactorMetrics.Loop(
                turns: Int(truncatingIfNeeded: turnNumber), lag: counts.lag.snapshot, callSoonWaiting: callSoonCount),
            timers: ReactorMetrics.Timers(waiting: timers.count, fired: lateness.count, lateness: lateness),
            remote: ReactorMetrics.Remote(
                calls: counts.remoteCalls, waiting: waiting, deepest: max(counts.deepestRemoteQueue, waiting)),
            work: ReactorMetrics.Work(
                underWay: deferred.count, waitingForThread: engine.workers.waitingCount(in: .work),
                waitingForResolver: engine.workers.waitingCount(in: .resolving)))
    }

    private var traffic: ReactorMetrics.Traffic {
        let counted = uncheckedTraffic
        var bytesQueued = 0
        var connectionsQueued = 0
        unsafe connections.forEach { entry in
            unsafe entry._withUnsafeGuaranteedRef { connection in
                guard !connection.state.isDisjoint(with: .mayHaveTraffic) else { return }
                let waiting = connection.queuedByteCount + (connection.carriedLayer?.upper?.queuedByteCount ?? 0)
                connectionsQueued += waiting > 0 ? 1 : 0
                bytesQueued += waiting
            }
        }
        return ReactorMetrics.Traffic(
            bytesReceived: counted.bytesReceived,
            // The engine does not report bytes sent from its queues: they are those neither waiting nor dropped.
            bytesSent: counted.bytesTaken + counted.bytesQueued - counts.bytesDropped - bytesQueued,
            bytesDropped: counts.bytesDropped, bytesQueued: bytesQueued, connectionsQueued: connectionsQueued,
            callbacks: counted.callbacks)
    }

    /// Writes ``metrics`` to the standard error, as a table of a dozen lines.
    public final func printMetrics() {
        StandardError.print("\(metrics)\n")
    }

    /// Writes ``metrics`` to the standard error whenever a signal arrives while the reactor runs.
    ///
    /// ```swift
    /// reactor.printMetrics(on: SIGUSR1)  // then, from a shell: kill -USR1 <pid>
    /// ```
    ///
    /// It replaces a handler set by ``onSignal(_:_:)``, and like one takes effect in the next ``run()``. If several
    /// reactors of a process call it, each prints its own figures.
    ///
    /// - Parameter signal: The signal's number, such as `SIGUSR1`.
    public final func printMetrics(on signal: Int32) {
        onSignal(signal) { [unowned self] in printMetrics() }
    }

    // MARK: Loop lag

    /// Notes that this turn's wait is over and its work begins; calls after the first in a turn do nothing.
    ///
    /// An engine calls it after its wait, or, if it cannot know the end of the wait, with the first event that it
    /// handles.
    @inline(__always)
    package final func beginWork() {
        if uncheckedTraffic.workBegan == TrafficCounts.waiting { noteWorkBegan() }
    }

    @inline(never)
    final func noteWorkBegan() {
        uncheckedTraffic.workBegan = configuration.measuresLoopLag ? engine.now.nanoseconds : 0
    }

    /// The receive buffer for the first connection that reads in a turn, which begins the turn's work.
    ///
    /// A static function rather than a method, so that the caller can tail-call it and has nothing to restore.
    @inline(never)
    static func receiveBufferAsWorkBegins(_ reactor: ReactorBase) -> UnsafeMutableRawBufferPointer {
        reactor.noteWorkBegan()
        return unsafe reactor.receiveBuffer
    }

    /// Adds to the duration of this turn's work, in nanoseconds: a simulated clock does not advance during a turn.
    package final func addWork(_ nanoseconds: Int64) {
        counts.uncheckedHiddenWork &+= nanoseconds
    }

    /// Notes that this turn's work is done, and records the lag.
    ///
    /// - Parameter instant: The time if the clock was just read; nil reads it.
    @inline(__always)
    final func endWork(at instant: ReactorInstant?) {
        guard configuration.measuresLoopLag else { return }
        let end = instant ?? engine.now
        counts.lag.record(end.nanoseconds &- uncheckedTraffic.workBegan &+ counts.uncheckedHiddenWork)
        counts.uncheckedHiddenWork = 0
        uncheckedTraffic.workBegan = TrafficCounts.waiting
    }
}
