/// Timeouts: a connection with timeouts stores a ``ConnectionTimeouts`` as its attachment, which has a field for the
/// extras.
extension StreamConnection {
    var timeouts: ConnectionTimeouts? {
        guard state.contains(.hasTimeouts), let attachment else { return nil }
        return unsafe unsafeDowncast(attachment, to: ConnectionTimeouts.self)
    }

    /// Calls a closure with the connection's timeouts, without retaining them.
    @inline(__always)
    private func withTimeouts(_ body: (ConnectionTimeouts) -> Void) {
        guard state.contains(.hasTimeouts), let attachment = unsafe storedAttachment else { return }
        unsafe attachment._withUnsafeGuaranteedRef { body(unsafe unsafeDowncast($0, to: ConnectionTimeouts.self)) }
    }

    var extras: Extras? {
        get {
            if state.contains(.hasTimeouts) { return timeouts?.extras }
            return attachment.map { unsafe unsafeDowncast($0, to: Extras.self) }
        }
        set {
            if state.contains(.hasTimeouts) { timeouts?.extras = newValue } else { attachment = newValue }
        }
    }

    // MARK: What happens

    /// Bytes arrived.
    @inline(never)
    func noteReceived(_ count: Int) {
        withTimeouts { $0.received(count) }
    }

    /// Bytes are offered to the kernel with none waiting before them.
    @inline(never)
    func noteOffered() {
        withTimeouts { $0.offered() }
    }

    /// Reading has begun or ended, by the protocol's will, a relay's or a limit's.
    func noteReading(_ reads: Bool) {
        if reads { timeouts?.readingResumed() } else { timeouts?.readingPaused() }
    }

    /// Whether bytes wait until the peer takes some, here or below a layer.
    var isWaitingForPeer: Bool { state.contains(.wantsRoom) || below?.state.contains(.wantsRoom) == true }

    // MARK: Setting

    package func setTimeouts(_ timeouts: StreamTimeouts) {
        guard state.contains(.established), !state.contains(.lost) else { return }
        let policy = reactor.timeouts.policy(for: timeouts)
        stopTimeouts()
        if let policy { startTimeouts(by: policy) }
    }

    package var expiredTimeout: StreamTimeout? { extras?.expired }

    func startTimeouts(by policy: TimeoutPolicy) {
        let timeouts = ConnectionTimeouts(policy, for: self)
        timeouts.extras = extras
        attachment = timeouts
        state.insert(.hasTimeouts)
        timeouts.begin()
    }

    func stopTimeouts() {
        guard let timeouts else { return }
        timeouts.end()
        state.remove(.hasTimeouts)
        attachment = timeouts.extras
        timeouts.extras = nil
    }

    /// One of the timeouts is over.
    func expire(_ timeout: StreamTimeout) {
        guard !state.contains(.lost) else { return }
        // Another ending has begun, and is reported at the end of the turn.
        if !state.isDisjoint(with: [.failed, .aborted]) { return processPendingState() }
        if state.contains(.broken) { return finish(.lost(brokenCode), reset: true) }
        // One above a layer is lost by the loss of the one below.
        (below ?? self).finish(.timedOut, expired: timeout)
    }
}
