extension ReactorBase {
    /// Whether `run()` is under way, a stop included.
    public var isRunning: Bool { phase != .idle }

    /// Whether `stop(drainingFor:)` is under way: nothing is accepted any more, and live connections may finish.
    ///
    /// A protocol whose connections stay open between requests ends them on its own then: an HTTP server answers with
    /// `Connection: close`.
    public var isDraining: Bool { phase == .draining }

    /// Runs the loop until it is stopped: by `stop()`, by the remote's, or by a signal of the configuration.
    ///
    /// An idle reactor sleeps and uses no processor time. After a stop it can be run again; what was listening has to
    /// listen again.
    ///
    /// - Throws: ``ReactorError/alreadyRunning`` inside `run()`, ``ReactorError/closed`` after ``close()``, or
    ///   ``ReactorError/system(_:)`` where signals cannot be watched.
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
        watchedHandlers = signalHandlers.filter { $0.value.isActive }
        do throws(SystemError) {
            let stops = configuration.stopSignals.filter { watchedHandlers[$0] == nil }
            try engine.beginSignals(Array(watchedHandlers.keys), deadly: Array(stops))
        } catch {
            watchedHandlers = [:]
            throw .system(error)
        }
        phase = .starting
        queue.runBegan()
        for hook in startupHooks.active { runHook { try hook.call() } }
        if phase == .starting { phase = .running }
    }

    /// Takes one turn of a run that was begun, or ends it.
    ///
    /// - Returns: false where the run has ended.
    package func continueRun() -> Bool {
        if phase == .draining && hasFinished { beginStop() }
        if phase == .stopping && shutdownHooksHaveFinished() {
            if closesAfterRun { end() } else { endRun() }
            return false
        }
        turn()
        return true
    }

    func endRun() {
        closeEverything()
        waitingHooks = nil
        skipsHookWait = false
        drainDeadline?.cancel()
        drainDeadline = nil
        queue.runEnded()
        engine.endSignals()
        phase = .idle
        stopsAfterCalls = false
        forgetReplacedHandlers()
        // Asked for as the last connections ended.
        if closesAfterRun { end() }
    }

    /// Releases the handlers of this run that are none of the next.
    private func forgetReplacedHandlers() {
        let watched = watchedHandlers
        watchedHandlers = [:]
        for (signal, handler) in watched where signalHandlers[signal] !== handler { handler.cancel() }
    }

    /// When the next turn is wanted, if nothing else happens before: at once is the earliest instant, never is nil.
    package var nextTurn: ReactorInstant? {
        let isAtOnce =
            switch phase {
            case .draining: hasFinished
            case .stopping: skipsHookWait || (waitingHooks?.count ?? 0) == 0
            case .idle, .starting, .running, .closing: false
            }
        return isAtOnce ? ReactorInstant(nanoseconds: .min) : nextWake
    }

    /// Stops the reactor: shutdown hooks run, then listeners and connectors end and every live connection is lost
    /// with ``ConnectionLostReason/reactorStopped``; then `run()` returns.
    ///
    /// It returns at once, and all that begins when the callback that called it has returned.
    ///
    /// - Throws: ``ReactorError/notRunning`` before `run()`, ``ReactorError/alreadyStopping`` the second time.
    public func stop() throws(ReactorError) {
        switch phase {
        case .idle: throw .notRunning
        case .stopping, .closing: throw .alreadyStopping
        case .starting, .running, .draining: beginStop()
        }
    }

    /// Stops the reactor gently: nothing new is accepted or connected, live connections may finish, and when the last
    /// has, or the time is up, the reactor stops as by `stop()`.
    ///
    /// A peer that had connected and waits to be accepted is served too, as by ``ListeningPort/stopListening()``.
    ///
    /// Called again meanwhile, with a time that is up earlier, it moves the end to that: of several calls the earliest
    /// end counts.
    ///
    /// - Parameter time: how long connections have, from now; less than no time counts as none.
    /// - Throws: as `stop()`, ``ReactorError/alreadyStopping`` also where the end is due as early already; a `stop()`
    ///   meanwhile ends the wait and is no error.
    public func stop(drainingFor time: Duration) throws(ReactorError) {
        guard phase != .idle else { throw .notRunning }
        guard drain(until: now.advanced(by: time)) else { throw .alreadyStopping }
    }

    /// Stops the reactor gently, or moves the end of a gentle stop under way.
    ///
    /// - Parameter instant: the end; of several the earliest counts.
    /// - Returns: false where that changes nothing: the reactor does not run, or stops as early already.
    @discardableResult
    package func drain(until instant: ReactorInstant) -> Bool {
        let instant = max(instant, now)
        switch phase {
        case .idle, .stopping, .closing: return false
        case .starting, .running:
            phase = .draining
            endPortsAndConnectors()
        case .draining:
            if let end = drainDeadline?.deadline, end <= instant { return false }
        }
        drainDeadline?.cancel()
        drainDeadline = callLater(now.duration(to: instant)) { [unowned self] in
            if phase == .draining { beginStop() }
        }
        return true
    }

    /// Calls a closure when `run()` starts, before the first turn; several run in the order in which they were given.
    ///
    /// It stays for later runs, until it is cancelled or the reactor closed. One that throws is reported to
    /// ``onDiagnostic``, and the others still run. Given while the reactor runs, it is for the next run.
    ///
    /// - Returns: a handle by which the hook is taken back; the reactor keeps it.
    @discardableResult
    public func onStartup(_ hook: @escaping () throws -> Void) -> ReactorHook {
        let registered = ReactorHook { _ in try hook() }
        if isClosed { registered.cancel() } else { startupHooks.add(registered) }
        return registered
    }

    /// Calls a closure when the reactor stops, while everything still works; several run in the order in which they
    /// were given.
    ///
    /// It stays for later runs, until it is cancelled or the reactor closed. One that throws is reported to
    /// ``onDiagnostic``, and the others still run.
    ///
    /// - Returns: a handle by which the hook is taken back; the reactor keeps it.
    @discardableResult
    public func onShutdown(_ hook: @escaping () throws -> Void) -> ReactorHook {
        let registered = ReactorHook { completion in
            defer { completion?.finish() }
            try hook()
        }
        return addShutdownHook(registered)
    }

    /// Calls a closure when the reactor stops, and delays the end until it says that it has finished; timers and I/O
    /// go on meanwhile.
    ///
    /// ```swift
    /// reactor.onShutdown { [unowned reactor] completion in
    ///     reactor.callLater(.seconds(1)) { completion.finish() }
    /// }
    /// ```
    ///
    /// It stays for later runs, until it is cancelled or the reactor closed.
    ///
    /// - Parameter hook: what to call. One that throws, or releases the completion, has finished.
    /// - Returns: a handle by which the hook is taken back; the reactor keeps it.
    @discardableResult
    public func onShutdown(_ hook: @escaping (ShutdownCompletion) throws -> Void) -> ReactorHook {
        addShutdownHook(ReactorHook { if let completion = $0 { try hook(completion) } })
    }

    /// Calls a closure on the reactor's thread for each arrival of a signal while the reactor runs, in place of what
    /// the signal did; nil gives it back.
    ///
    /// The change holds from the next `run()` on, and until the handler is replaced or the reactor closed.
    /// ``ReactorHook/cancel()`` of the handle takes a handler back at once: a signal that arrives in the rest of the run
    /// does nothing, or stops the reactor where it is one of ``ReactorConfiguration/stopSignals``.
    ///
    /// A handler for a signal of ``ReactorConfiguration/stopSignals`` replaces the stop, and a second such signal then
    /// never ends the process.
    ///
    /// - Returns: a handle by which the handler is taken back; an inactive one for nil.
    @discardableResult
    public func onSignal(_ signal: Int32, _ handler: (() -> Void)?) -> ReactorHook {
        let registered = ReactorHook(isClosed ? nil : handler.map { handler in { _ in handler() } })
        let last = signalHandlers[signal]
        signalHandlers[signal] = registered.isActive ? registered : nil
        // One that this run watches may still be called.
        if let last, watchedHandlers[signal] !== last { last.cancel() }
        return registered
    }

    // MARK: Inside

    package func signalled(_ signal: Int32) {
        if let handler = watchedHandlers[signal] {
            if handler.isActive { return runHook { try handler.call() } }
            // Taken back in this run.
            guard configuration.stopSignals.contains(signal) else { return }
        }
        requestStop()
    }

    private func addShutdownHook(_ hook: ReactorHook) -> ReactorHook {
        if isClosed { hook.cancel() } else { shutdownHooks.add(hook) }
        return hook
    }

    /// Stops, and when asked twice waits for no hook: whoever asks again does not want to wait.
    package func requestStop() {
        if phase == .stopping { skipsHookWait = true } else { beginStopIfRunning() }
    }

    func beginStopIfRunning() {
        if phase == .starting || phase == .running || phase == .draining { beginStop() }
    }

    /// The rest is done by the loop, so that no hook runs inside the callback that stops.
    private func beginStop() {
        phase = .stopping
    }

    /// Calls the shutdown hooks the first time, and says whether there is anything left to wait for.
    private func shutdownHooksHaveFinished() -> Bool {
        if let waitingHooks { return waitingHooks.count == 0 || skipsHookWait }
        let hooks = shutdownHooks.active
        let waiting = WaitingHooks(count: hooks.count)
        waitingHooks = waiting
        for hook in hooks { runHook { try hook.call(ShutdownCompletion(waiting)) } }
        return waiting.count == 0 || skipsHookWait
    }

    private func runHook(_ hook: () throws -> Void) {
        do { try hook() } catch { report(.hookFailed(error)) }
    }

    private func endPortsAndConnectors() {
        for id in ports.ids { ports[id]?.stopListening() }
        for id in connectors.ids { connectors[id]?.cancel() }
        for id in pendingListeners.ids { pendingListeners[id]?.cancel() }
    }

    /// The end of a run.
    ///
    /// What connections do as they are lost may list, connect and listen: it waits for the next run.
    private func closeEverything() {
        phase = .closing
        endPortsAndConnectors()
        dropLatecomers()
        tellFailedConnects()
        while let connection = unsafe connections.last {
            let live = unsafe connection.takeUnretainedValue()
            live.offerBeforeEnding()
            if live.state.contains(.closing) { live.processPendingState() }
            live.finish(.reactorStopped)
        }
        endTurn()
        tellFailedConnects()
    }

    /// Tells what would be told in the next turn, of which there is none.
    private func tellFailedConnects() {
        for id in connectors.ids { connectors[id]?.tellFailure() }
        for id in pendingListeners.ids { pendingListeners[id]?.reportFailure() }
    }
}

/// The hooks of one stop that have not finished.
///
/// Each stop has its own, so that one that is late counts in no other.
final class WaitingHooks {
    var count: Int

    init(count: Int) {
        self.count = count
    }
}

/// What an `onShutdown` hook that takes its time calls when it has finished.
public final class ShutdownCompletion {
    private var waiting: WaitingHooks?

    init(_ waiting: WaitingHooks) {
        self.waiting = waiting
    }

    deinit {
        // A hook that forgets to finish does not keep the reactor for ever.
        finish()
    }

    /// Says that the hook has finished.
    ///
    /// Further calls do nothing.
    public func finish() {
        waiting?.count -= 1
        waiting = nil
    }
}

@available(*, unavailable)
extension ShutdownCompletion: Sendable {}
