extension ReactorBase {
    /// Ends the reactor for good: its listeners, connectors and connections end as by a stop, every closure that it was
    /// given is released, and its descriptors are closed.
    ///
    /// A reactor can be run again, so it keeps what the next run would call: hooks, signal handlers, timers, `callSoon`,
    /// results of work. Where one of these names the reactor, the two keep each other alive; this is what takes them
    /// apart.
    ///
    /// In a run it stops the reactor as ``stop()`` does, shutdown hooks included, and the rest is done as the run ends.
    /// Otherwise all is done when it returns, and no hook is called. Connections are lost with
    /// ``ConnectionLostReason/reactorStopped``, connects that are under way fail with ``ConnectError/cancelled(to:)``.
    /// Later calls do nothing.
    ///
    /// Afterwards ``run()`` throws ``ReactorError/closed``, listening and adopting throw an error that says the same, and
    /// all else is harmless: what is given to the reactor is released and never called. That holds for a connect too,
    /// of which nothing is reported: there is no turn in which it could be.
    public final func close() {
        guard !isClosed else { return }
        guard phase == .idle || awaitsStep else {
            closesAfterRun = true
            return beginStopIfRunning()
        }
        end()
    }

    /// Closes the reactor now: no callback of it is on the stack, unless the run is ending.
    package final func end() {
        guard !isClosed else { return }
        isClosed = true
        awaitsStep = false
        endRun()
        forgetClosures()
        engine.shut()
    }

    /// Releases every closure that it was given: closures that name the reactor would keep it for ever.
    ///
    /// What they captured may call the reactor, and whatever it returned, as it goes. By then none of it does anything.
    private func forgetClosures() {
        timeouts.shut()
        timers.removeAll()
        let hooks = startupHooks.removeAll() + shutdownHooks.removeAll() + signalHandlers.values
        signalHandlers = [:]
        for hook in hooks { hook.cancel() }
        let results = cancelDeferredWork()
        withExtendedLifetime(results) { dropSoon() }
        onDiagnostic = { _ in }
        queue.close()
    }
}
