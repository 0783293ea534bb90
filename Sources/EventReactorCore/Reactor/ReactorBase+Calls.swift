/// Calls for a later turn: by `callSoon`, and from other threads.
extension ReactorBase {
    /// Calls a closure in the next turn; several run first in, first out, and what they queue runs in the turn after.
    ///
    /// Of many calls one turn makes as many as 2 ms take, and the next turns the rest, in order: I/O and timers go on
    /// meanwhile.
    public func callSoon(_ body: @escaping () -> Void) {
        guard !isClosed else { return }
        soon.append(SoonCall(body: body))
        unsafe hasSoon = true
    }

    func runSoon() {
        unsafe hasSoon = false
        if soonNow.isEmpty { swap(&soon, &soonNow) }
        guard makeSoonCalls() else {
            unsafe hasSoon = true
            return
        }
        soonMade = 0
        if soonNow.capacity > 4096 { soonNow = [] } else { soonNow.removeAll(keepingCapacity: true) }
        if !soon.isEmpty { unsafe hasSoon = true }
    }

    /// Makes as many of this turn's calls as one turn may.
    ///
    /// - Returns: whether none is left.
    private func makeSoonCalls() -> Bool {
        let calls = soonNow
        let isMany = TurnShare.isNeeded(for: calls.count)
        var share = TurnShare(from: isMany ? engine.now.nanoseconds : 0)
        // What a call does may empty the list once all are made.
        var made = soonMade
        while made < calls.count {
            made += 1
            soonMade = made
            calls[made - 1].body()
            if isMany && share.isUsedUp(now: { engine.now.nanoseconds }) { break }
        }
        return made == calls.count
    }

    /// Releases the calls that were to come in later turns.
    func dropSoon() {
        let dropped = [soon, soonNow]
        soon = []
        soonNow = []
        soonMade = 0
        withExtendedLifetime(dropped) { unsafe hasSoon = false }
    }

    // MARK: From other threads

    /// Takes the calls from other threads; the engine calls it when it has been woken.
    package func woken() {
        unsafe pollsRemoteQueue = true
        // What is left of earlier calls comes first, and is looked after in every turn.
        guard jobs.isEmpty else { return }
        runTakenCalls(stops: queue.drain(into: &jobs))
    }

    /// Takes the calls that have come since the last were taken, once a turn, until there are none.
    func pollRemoteCalls() {
        guard jobs.isEmpty else { return runCalls() }
        let (stops, maySleep) = queue.drainOrSleep(into: &jobs)
        if maySleep { unsafe pollsRemoteQueue = false } else { runTakenCalls(stops: stops) }
    }

    private func runTakenCalls(stops: Bool) {
        counts.recordRemoteCalls(jobs.count)
        if stops { stopsAfterCalls = true }
        runCalls()
    }

    /// Makes as many of the calls as one turn may.
    private func runCalls() {
        jobs.call(with: self)
        remoteCallsLeft = jobs.count
        guard stopsAfterCalls, jobs.isEmpty else { return }
        stopsAfterCalls = false
        beginStopIfRunning()
    }
}
