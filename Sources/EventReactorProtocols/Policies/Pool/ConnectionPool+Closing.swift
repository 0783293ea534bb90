import EventReactorCore

/// Expiry, draining and closing.
extension ConnectionPool {
    // MARK: Expiry

    func isOld(_ member: PoolMember<Session>, at now: ReactorInstant) -> Bool {
        guard let lifetime = settings.maximumLifetime, let since = member.establishedAt else { return false }
        return since.duration(to: now) >= lifetime
    }

    /// When an idle member is to be closed; nil for never.
    private func deadline(of member: PoolMember<Session>) -> ReactorInstant? {
        let idle = settings.idleTime.flatMap { member.idleSince?.advanced(by: $0) }
        let age = settings.maximumLifetime.flatMap { member.establishedAt?.advanced(by: $0) }
        guard let idle, let age else { return idle ?? age }
        return min(idle, age)
    }

    /// Has the pool's timer fire when a member that became idle is to be closed, or earlier.
    func scheduleExpiry(of member: PoolMember<Session>) {
        guard let deadline = deadline(of: member), let reactor = link.live else { return }
        if let expiry, expiry.isActive, expiry.deadline <= deadline { return }
        expiry?.cancel()
        expiry = reactor.callLater(reactor.now.duration(to: deadline)) { [unowned self] in closeExpired() }
    }

    private func closeExpired() {
        guard let now = link.live?.now else { return }
        var kept: [PoolMember<Session>] = []
        var expired: [PoolMember<Session>] = []
        for member in idle {
            let isExpired = deadline(of: member).map { $0 <= now } ?? false
            if isExpired { expired.append(member) } else { kept.append(member) }
        }
        idle = kept
        for member in expired { close(member) }
        let first = kept.compactMap { member in deadline(of: member).map { (member, $0) } }.min { $0.1 < $1.1 }
        if let first { scheduleExpiry(of: first.0) }
    }

    // MARK: The end

    /// Drains the pool: lends no more, except to those that wait already, and closes each connection when it is returned.
    ///
    /// - Parameters:
    ///   - time: how long borrowers may take; the pool is closed then. With `nil` (default) there is no limit, and a
    ///     negative time counts as zero.
    ///   - completion: called once when the last connection has ended and no borrower waits, never before this call has
    ///     returned.
    public func drain(within time: Duration? = nil, completion: @escaping () -> Void = {}) {
        drainCompletions.append(completion)
        if phase == .open { phase = .draining }
        if let time, let reactor = link.live, !members.isEmpty {
            drainDeadline?.cancel()
            drainDeadline = reactor.callLater(time) { [unowned self] in close() }
        }
        settle()
        finishDrainSoon()
    }

    /// Closes the pool at once: waiters fail with ``PoolError/closed`` in the next turn, and all connections are closed.
    ///
    /// That is by ``Transport/loseConnection()``, for the borrowed ones too. A pool that is closed cannot be used again.
    public func close() {
        guard phase != .closed else { return }
        phase = .closed
        drainDeadline?.cancel()
        expiry?.cancel()
        idle = []
        ready = []
        arrivingCount = 0
        checkingCount = 0
        borrowedCount = 0
        for member in members {
            member.endCheck()
            guard member.session != nil else {
                member.connector?.cancel()
                remove(member)
                continue
            }
            if member.state != .closing { close(member) }
        }
        finishDrainSoon()
    }

    private func finishDrainSoon() {
        guard members.isEmpty || phase == .closed else { return }
        link.live?.callSoon { [self] in
            if phase == .closed { failAll(.closed) }
            finishDrain()
        }
    }

    /// Calls the completions of a drain, if it has ended.
    func finishDrain() {
        guard phase != .open, members.isEmpty, waiters.count == 0 else { return }
        phase = .closed
        drainDeadline?.cancel()
        expiry?.cancel()
        let completions = drainCompletions
        drainCompletions = []
        for completion in completions { completion() }
    }

    /// The reactor is released: forgets everything.
    ///
    /// - Returns: What it retained, to be released later.
    func reactorReleased() -> [Any] {
        phase = .closed
        var released: [Any] = [self, members, drainCompletions]
        while let completion = waiters.first()?.end() { released.append(completion) }
        for member in members {
            released.append(member.session as Any)
            released.append(member.check as Any)
            member.detach()
        }
        members = []
        idle = []
        ready = []
        drainCompletions = []
        return released
    }
}
