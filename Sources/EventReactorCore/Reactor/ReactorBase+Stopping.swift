extension ReactorBase {
    /// Whether ``stop(drainingFor:)`` is in progress: the reactor accepts no connections, and live ones may finish.
    ///
    /// A protocol whose connections stay open between requests ends them then: an HTTP server, for instance, answers
    /// with `Connection: close`.
    public var isDraining: Bool { phase == .draining }

    /// Whether the run is ending: it drains, stops, or closes what is left.
    package var isEnding: Bool { isDraining || phase == .stopping || phase == .closing }

    /// Whether the last connections of the run are being closed: no turn of this run follows.
    package var isClosingRun: Bool { phase == .closing }

    /// Stops the reactor: shutdown hooks run, listeners and connectors end, every live connection is lost with
    /// ``ConnectionLostReason/reactorStopped``, and ``run()`` returns.
    ///
    /// It returns immediately; the stop begins when the callback that called it has returned. Call it on the reactor's
    /// thread; other threads use ``RemoteHandle/stop()``.
    ///
    /// - Throws: ``ReactorError/notRunning`` if the reactor is not running, ``ReactorError/alreadyStopping`` if it is
    ///   stopping already.
    public func stop() throws(ReactorError) {
        switch phase {
        case .idle: throw .notRunning
        case .stopping, .closing: throw .alreadyStopping
        case .starting, .running, .draining: beginStop()
        }
    }

    /// Stops the reactor gracefully: it accepts and connects no more, live connections may finish, and when the last
    /// one has ended or the time is up, the reactor stops as by ``stop()``.
    ///
    /// It returns immediately. Peers in a listener's backlog are served too, as by ``ListeningPort/stopListening()``.
    /// If it is called several times, the earliest deadline applies.
    ///
    /// - Parameter time: The time for connections to finish, from now; a negative one counts as zero.
    /// - Throws: ``ReactorError/notRunning`` if the reactor is not running, ``ReactorError/alreadyStopping`` if it is
    ///   stopping already or has an earlier deadline. A later ``stop()`` ends the drain at once, and is no error.
    public func stop(drainingFor time: Duration) throws(ReactorError) {
        guard phase != .idle else { throw .notRunning }
        guard drain(until: now.advanced(by: time)) else { throw .alreadyStopping }
    }

    /// Begins a drain, or brings its deadline forward.
    ///
    /// - Parameter instant: The deadline; the earliest of several applies.
    /// - Returns: False if nothing changed: the reactor is not running, is stopping, or has a deadline that early.
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

    /// Stops the reactor if it is running; a second request stops it without waiting for shutdown hooks.
    package func requestStop() {
        if phase == .stopping { skipsHookWait = true } else { beginStopIfRunning() }
    }

    func beginStopIfRunning() {
        if phase == .starting || phase == .running || phase == .draining { beginStop() }
    }

    /// Marks the run as stopping; the loop does the rest, so that no hook runs inside the callback that stops.
    func beginStop() {
        phase = .stopping
    }
}
