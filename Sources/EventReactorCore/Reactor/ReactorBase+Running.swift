extension ReactorBase {
    /// Whether ``run()`` is in progress, including the time of a stop.
    public var isRunning: Bool { phase != .idle }

    /// Runs the event loop on this thread until it is stopped: by ``stop()``, by ``RemoteHandle/stop()``, or by a
    /// signal of ``ReactorConfiguration/stopSignals``.
    ///
    /// It blocks the thread. An idle reactor sleeps and uses no processor time. After a stop it can be run again;
    /// listeners and connections of the last run have ended, and are not restored.
    ///
    /// - Throws: ``ReactorError/alreadyRunning`` inside a callback of this reactor, ``ReactorError/closed`` after
    ///   ``close()``, or ``ReactorError/system(_:)`` if signals cannot be handled.
    public func run() throws(ReactorError) {
        if phase == .idle {
            try beginRun()
        } else if !awaitsStep {
            throw .alreadyRunning
        }
        awaitsStep = false
        while continueRun() {}
    }

    /// Begins a run, which `continueRun` carries on; an engine with a clock of its own goes step by step.
    package func beginRun() throws(ReactorError) {
        guard !isClosed else { throw .closed }
        runHandlers = signalHandlers.filter { $0.isActive }
        do throws(SystemError) {
            var stops: [Int32] = []
            for signal in configuration.stopSignals where handler(of: signal, in: runHandlers) == nil {
                stops.append(signal)
            }
            try engine.beginSignals(runHandlers.map { $0.signal }, deadly: stops)
        } catch {
            runHandlers = []
            throw .system(error)
        }
        phase = .starting
        queue.runBegan()
        for hook in startupHooks.active { runHook { try hook.call() } }
        if phase == .starting { phase = .running }
    }

    /// Takes one turn of a run, or ends the run.
    ///
    /// - Returns: False if the run has ended.
    package func continueRun() -> Bool {
        if phase == .draining && hasFinished { beginStop() }
        if phase == .stopping && runShutdownHooks() {
            if closesAfterRun { end() } else { endRun() }
            return false
        }
        turn()
        return true
    }

    func endRun() {
        closeEverything()
        pendingHooks = nil
        skipsHookWait = false
        drainDeadline?.cancel()
        drainDeadline = nil
        queue.runEnded()
        engine.endSignals()
        phase = .idle
        stopsAfterCalls = false
        releaseReplacedHandlers()
        // `close()` was called while the last connections ended.
        if closesAfterRun { end() }
    }

    /// The time of the next turn if no event arrives before: the earliest instant for an immediate turn, nil for none.
    package var nextTurn: ReactorInstant? {
        let isImmediate =
            switch phase {
            case .draining: hasFinished
            case .stopping: skipsHookWait || (pendingHooks?.count ?? 0) == 0
            case .idle, .starting, .running, .closing: false
            }
        return isImmediate ? ReactorInstant(nanoseconds: .min) : nextWake
    }

    /// Stops listening and connecting, reports what is still unreported, and ends every connection.
    ///
    /// Callbacks of ending connections may listen and connect again: that is deferred to the next run.
    private func closeEverything() {
        phase = .closing
        endPortsAndConnectors()
        dropLatecomers()
        reportFailures()
        while let connection = unsafe connections.last {
            let live = unsafe connection.takeUnretainedValue()
            live.carriedLayer?.upper?.offerBeforeEnding()
            live.offerBeforeEnding()
            if live.state.contains(.closing) { live.processPendingState() }
            live.finish(.reactorStopped)
        }
        endTurn()
        reportFailures()
    }

    func endPortsAndConnectors() {
        for id in ports.ids { ports[id]?.stopListening() }
        for id in connectors.ids { connectors[id]?.cancel() }
        for id in pendingListeners.ids { pendingListeners[id]?.cancel() }
    }

    /// Reports the failures that the next turn would report: the run has no next turn.
    private func reportFailures() {
        for id in connectors.ids { connectors[id]?.reportFailure() }
        for id in pendingListeners.ids { pendingListeners[id]?.reportFailure() }
    }
}
