/// Timeouts of a connection: what has them keeps a ``StreamWatch`` in the place where others keep extras.
extension StreamConnection {
    var watch: StreamWatch? {
        guard state.contains(.watched), let annex else { return nil }
        return unsafe unsafeDowncast(annex, to: StreamWatch.self)
    }

    /// Calls a closure with the watch, without the cost of holding it meanwhile.
    @inline(__always)
    private func withWatch(_ body: (StreamWatch) -> Void) {
        guard state.contains(.watched), let annex = unsafe uncheckedAnnex else { return }
        unsafe annex._withUnsafeGuaranteedRef { body(unsafe unsafeDowncast($0, to: StreamWatch.self)) }
    }

    package var extras: Extras? {
        get {
            if state.contains(.watched) { return watch?.extras }
            return annex.map { unsafe unsafeDowncast($0, to: Extras.self) }
        }
        set {
            if state.contains(.watched) { watch?.extras = newValue } else { annex = newValue }
        }
    }

    // MARK: What happens

    /// Bytes arrived.
    @inline(never)
    func noteReceived(_ count: Int) {
        withWatch { $0.received(count) }
    }

    /// Bytes are on their way to the kernel, on a connection that has timeouts or on one whose bytes go nowhere.
    ///
    /// - Returns: whether they are to be sent.
    @inline(never)
    func noteOffered() -> Bool {
        guard state.isDisjoint(with: .mute) else { return false }
        if !state.contains(.queued) { withWatch { $0.offered() } }
        return true
    }

    /// Reading has begun or ended, by the protocol's will, a relay's or a limit's.
    func noteReading(_ reads: Bool) {
        if reads { watch?.readingResumed() } else { watch?.readingPaused() }
    }

    /// Bytes begin to wait for the peer, or wait no more.
    func noteWaiting(_ waits: Bool) {
        if waits { watch?.beganWaiting() } else { watch?.endedWaiting() }
    }

    /// The kernel took bytes that waited.
    package func outboxTaken(_ count: Int) {
        watch?.taken(count)
    }

    // MARK: Setting

    package func setTimeouts(_ timeouts: StreamTimeouts) {
        guard state.contains(.made), !state.contains(.lost) else { return }
        let limits = reactor.timeouts.limits(for: timeouts)
        unwatch()
        if let limits { watch(by: limits) }
    }

    package var expiredTimeout: StreamTimeout? { extras?.expired }

    func watch(by limits: StreamLimits) {
        let watch = StreamWatch(limits, for: self)
        watch.extras = extras
        annex = watch
        state.insert(.watched)
        watch.begin()
        engine.watchChanged(self)
    }

    func unwatch() {
        guard let watch else { return }
        watch.end()
        state.remove(.watched)
        annex = watch.extras
        watch.extras = nil
        if !state.contains(.lost) { engine.watchChanged(self) }
    }

    /// One of the timeouts is over.
    func expire(_ timeout: StreamTimeout) {
        guard !state.contains(.lost) else { return }
        // Something else has ended the connection, and is told at the end of the turn.
        if !state.isDisjoint(with: [.failed, .aborted]) { return settle() }
        if state.contains(.broken) { return finish(.lost(brokenCode), reset: true) }
        finish(.timedOut, expired: timeout)
    }
}
