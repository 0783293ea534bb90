extension ReactorBase {
    /// Closes the reactor permanently: listeners, connectors and connections end as by a stop, all closures that it
    /// retains are released, and its file descriptors are closed.
    ///
    /// A reactor can be run again, so it retains the closures of its next run: hooks, signal handlers, timers,
    /// `callSoon`, completions of work. If one of them captures the reactor, that is a retain cycle, which only this
    /// call breaks.
    ///
    /// If the reactor is running, it stops as by ``stop()``, shutdown hooks included, and is closed when the run ends.
    /// Otherwise it is closed when the call returns, and no hook is called. Connections are lost with
    /// ``ConnectionLostReason/reactorStopped``, connects in progress fail with ``ConnectError/cancelled(to:)``. Further
    /// calls do nothing.
    ///
    /// Afterwards ``run()`` throws ``ReactorError/closed``, and listening and adopting throw the corresponding errors.
    /// All other calls are harmless: their closures are released and never called. A connect too reports nothing, since
    /// there is no turn in which it could.
    public final func close() {
        guard !isClosed else { return }
        guard phase == .idle || awaitsStep else {
            closesAfterRun = true
            return beginStopIfRunning()
        }
        end()
    }

    /// Closes the reactor immediately.
    ///
    /// - Precondition: No callback of the reactor is on the stack, unless the run is ending.
    package final func end() {
        guard !isClosed else { return }
        isClosed = true
        awaitsStep = false
        endRun()
        releaseClosures()
        engine.shut()
    }

    /// Releases every closure that the reactor retains: a closure that captures the reactor would leak it.
    ///
    /// Objects that they captured may call the reactor, and objects that it returned, in their deinit: these calls do
    /// nothing by then.
    private func releaseClosures() {
        timeouts.shut()
        timers.removeAll()
        cancelHooks()
        let results = cancelDeferredWork()
        withExtendedLifetime(results) { dropSoon() }
        onDiagnostic = { _ in }
        queue.close()
    }

    /// Cancels all hooks and signal handlers, which releases their closures while programs keep the handles.
    final func cancelHooks() {
        let hooks = startupHooks.removeAll() + shutdownHooks.removeAll() + signalHandlers
        signalHandlers = []
        for hook in hooks { hook.cancel() }
    }

    /// Detaches everything from the reactor, which is being released.
    ///
    /// - Returns: what it retained, to be released once nothing refers to the reactor any more.
    final func detachAll() -> [Any] {
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
        return released
    }
}
