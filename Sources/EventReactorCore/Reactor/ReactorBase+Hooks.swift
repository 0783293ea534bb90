extension ReactorBase {
    /// Registers a closure that each ``run()`` calls on its thread before its first turn.
    ///
    /// Hooks run in the order of registration, in every run until they are cancelled or the reactor is closed. If the
    /// reactor is running, the hook is called from the next run on. If a hook throws, the error is reported to
    /// ``onDiagnostic``, and the others still run.
    ///
    /// - Parameter hook: The closure to call.
    /// - Returns: A handle to cancel the hook. The reactor retains it; it need not be kept.
    @discardableResult
    public func onStartup(_ hook: @escaping () throws -> Void) -> ReactorHook {
        let registered = ReactorHook { _ in try hook() }
        if isClosed { registered.cancel() } else { startupHooks.add(registered) }
        return registered
    }

    /// Registers a closure that is called on the reactor's thread when the reactor stops, before anything ends.
    ///
    /// Hooks run in the order of registration, at the end of every run until they are cancelled or the reactor is
    /// closed. If a hook throws, the error is reported to ``onDiagnostic``, and the others still run.
    ///
    /// - Parameter hook: The closure to call.
    /// - Returns: A handle to cancel the hook. The reactor retains it; it need not be kept.
    @discardableResult
    public func onShutdown(_ hook: @escaping () throws -> Void) -> ReactorHook {
        let registered = ReactorHook { completion in
            defer { completion?.finish() }
            try hook()
        }
        return addShutdownHook(registered)
    }

    /// Registers a closure that is called on the reactor's thread when the reactor stops, and delays the stop until it
    /// has finished; timers and I/O continue meanwhile.
    ///
    /// ```swift
    /// reactor.onShutdown { [unowned reactor] completion in
    ///     reactor.callLater(.seconds(1)) { completion.finish() }
    /// }
    /// ```
    ///
    /// Hooks run in the order of registration, at the end of every run until they are cancelled or the reactor is
    /// closed.
    ///
    /// - Parameter hook: The closure to call. It has finished when it calls ``ShutdownCompletion/finish()``, releases
    ///   the completion, or throws; the error is reported to ``onDiagnostic``.
    /// - Returns: A handle to cancel the hook. The reactor retains it; it need not be kept.
    @discardableResult
    public func onShutdown(_ hook: @escaping (ShutdownCompletion) throws -> Void) -> ReactorHook {
        addShutdownHook(ReactorHook { if let completion = $0 { try hook(completion) } })
    }

    /// Sets the closure that is called on the reactor's thread for each arrival of a signal while the reactor runs, in
    /// place of the signal's former action.
    ///
    /// The change takes effect in the next ``run()``, and lasts until the handler is replaced or the reactor is closed.
    /// ``ReactorHook/cancel()`` removes a handler immediately: for the rest of the run its signal has no effect, or
    /// stops the reactor if it is one of ``ReactorConfiguration/stopSignals``.
    ///
    /// A handler for one of ``ReactorConfiguration/stopSignals`` replaces the stop, and a second such signal then never
    /// ends the process.
    ///
    /// - Parameters:
    ///   - signal: The signal's number, such as `SIGHUP`.
    ///   - handler: The closure to call; nil restores the former action.
    /// - Returns: A handle to remove the handler; an inactive one for nil.
    @discardableResult
    public func onSignal(_ signal: Int32, _ handler: (() -> Void)?) -> ReactorHook {
        let registered = ReactorHook(signal: signal, isClosed ? nil : handler.map { handler in { _ in handler() } })
        let last = self.handler(of: signal, in: signalHandlers)
        signalHandlers.removeAll { $0.signal == signal }
        if registered.isActive { signalHandlers.append(registered) }
        // A handler of the current run may still be called.
        if let last, self.handler(of: signal, in: runHandlers) !== last { last.cancel() }
        return registered
    }

    // MARK: Calling hooks

    /// Handles a signal that arrived; the engine calls it on the reactor's thread.
    package func signalled(_ signal: Int32) {
        if let handler = handler(of: signal, in: runHandlers) {
            if handler.isActive { return runHook { try handler.call() } }
            // Cancelled in this run.
            guard configuration.stopSignals.contains(signal) else { return }
        }
        requestStop()
    }

    /// Cancels the handlers of this run that the next run does not have.
    func releaseReplacedHandlers() {
        let handlers = runHandlers
        runHandlers = []
        for hook in handlers where handler(of: hook.signal, in: signalHandlers) !== hook { hook.cancel() }
    }

    /// The handler of a signal among the few that there are: a dictionary would take 5 KB of code.
    @inline(never)
    func handler(of signal: Int32, in handlers: [ReactorHook]) -> ReactorHook? {
        for hook in handlers where hook.signal == signal { return hook }
        return nil
    }

    private func addShutdownHook(_ hook: ReactorHook) -> ReactorHook {
        if isClosed { hook.cancel() } else { shutdownHooks.add(hook) }
        return hook
    }

    /// Calls the shutdown hooks the first time, and checks later whether all have finished.
    ///
    /// - Returns: Whether the run may end.
    func runShutdownHooks() -> Bool {
        if let pendingHooks { return pendingHooks.count == 0 || skipsHookWait }
        let hooks = shutdownHooks.active
        let pending = PendingHooks(count: hooks.count)
        pendingHooks = pending
        for hook in hooks { runHook { try hook.call(ShutdownCompletion(pending)) } }
        return pending.count == 0 || skipsHookWait
    }

    func runHook(_ hook: () throws -> Void) {
        do { try hook() } catch { report(.hookFailed(error)) }
    }
}
