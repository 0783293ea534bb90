/// Deferred calls: by ``callSoon(_:)``, and from other threads.
extension ReactorBase {
    /// Calls a closure once, in the next turn of the loop, on the reactor's thread.
    ///
    /// Calls run first in, first out; calls that they queue run in the turn after. A turn spends at most about 2 ms on
    /// them and leaves the rest, in order, to the next turns, so that I/O and timers are not starved. Calls that are
    /// left when a run ends are made in the next run. After ``close()`` the closure is released and not called.
    ///
    /// - Parameter body: The closure to call; released after its call.
    public func callSoon(_ body: @escaping () -> Void) {
        guard !isClosed else { return }
        soon.append(SoonCall(body: body))
        hasSoon = true
    }

    func runSoon() {
        hasSoon = false
        if soonNow.isEmpty { swap(&soon, &soonNow) }
        guard makeSoonCalls() else {
            hasSoon = true
            return
        }
        soonMade = 0
        if soonNow.capacity > 4096 { soonNow = [] } else { soonNow.removeAll(keepingCapacity: true) }
        if !soon.isEmpty { hasSoon = true }
    }

    /// Makes the calls of `soonNow` within one turn's share of time.
    ///
    /// - Returns: Whether no call is left.
    private func makeSoonCalls() -> Bool {
        let calls = soonNow
        let isMany = TurnShare.isNeeded(for: calls.count)
        var share = TurnShare(from: isMany ? engine.now.nanoseconds : 0)
        // The last call may empty `soonNow`, by `releaseMemory()`: hence the copy, and `made` beside `soonMade`.
        var made = soonMade
        while made < calls.count {
            made += 1
            soonMade = made
            calls[made - 1].body()
            if isMany && share.isUsedUp(now: { engine.now.nanoseconds }) { break }
        }
        return made == calls.count
    }

    /// Releases the calls that are left, without making them.
    func dropSoon() {
        let dropped = [soon, soonNow]
        soon = []
        soonNow = []
        soonMade = 0
        withExtendedLifetime(dropped) { hasSoon = false }
    }

    // MARK: From other threads

    /// Drains the queue of calls from other threads; the engine calls it after a wake-up.
    package func woken() {
        pollsRemoteQueue = true
        // Calls left of earlier turns come first; every turn continues them.
        guard jobs.isEmpty else { return }
        runDrainedCalls(stops: queue.drain(into: &jobs))
    }

    /// Drains the queue again, once a turn after a wake-up, until it is empty.
    func pollRemoteCalls() {
        guard jobs.isEmpty else { return runCalls() }
        let (stops, maySleep) = queue.drainOrSleep(into: &jobs)
        if maySleep { pollsRemoteQueue = false } else { runDrainedCalls(stops: stops) }
    }

    private func runDrainedCalls(stops: Bool) {
        counts.recordRemoteCalls(jobs.count)
        if stops { stopsAfterCalls = true }
        runCalls()
    }

    /// Makes the drained calls within one turn's share of time.
    private func runCalls() {
        jobs.call(with: self)
        remoteCallsLeft = jobs.count
        guard stopsAfterCalls, jobs.isEmpty else { return }
        stopsAfterCalls = false
        beginStopIfRunning()
    }
}
