import EventReactorCore

/// Lending, checking and taking back.
extension ConnectionPool {
    /// Serves the waiters in the next turn: no caller is called back inside its own call.
    func scheduleServing() {
        guard !isServingScheduled, let reactor = link.live else { return }
        isServingScheduled = true
        reactor.callSoon { [self] in
            isServingScheduled = false
            serve()
        }
    }

    /// Lends ready and idle connections, and makes those that are missing.
    ///
    /// It serves no more than wait at its beginning: borrowers that return at once and borrow again cannot keep it from
    /// returning.
    func serve() {
        guard phase != .closed, let reactor = link.live else { return }
        var budget = waiters.count
        while let member = ready.popLast() {
            arrivingCount -= 1
            lend(member)
            budget -= 1
        }
        // Those for whom a connection is being made get an idle one, which is there sooner.
        while waiters.count > checkingCount, let member = idle.last {
            guard budget > 0 else { return scheduleServing() }
            budget -= 1
            idle.removeLast()
            if needsCheck(member) { beginCheck(of: member) } else { lend(member) }
        }
        makeNeeded(on: reactor)
        settle()
    }

    /// Lends a member to the first in line; keeps it if none waits.
    private func lend(_ member: PoolMember<Session>) {
        guard let session = member.session else { return }
        if session.transport.isClosing {
            member.state = .closing
            if member.isNew { failFirst(.connectionLost(.done)) }
            return
        }
        guard let completion = waiters.first()?.end() else { return keep(member) }
        member.isNew = false
        member.state = .borrowed
        borrowedCount += 1
        completion(.success(ConnectionLease(session, of: member)))
    }

    func failFirst(_ error: PoolError) {
        waiters.first()?.end()?(.failure(error))
    }

    func failAll(_ error: PoolError) {
        while let completion = waiters.first()?.end() { completion(.failure(error)) }
    }

    // MARK: Returning

    func giveBack(_ member: PoolMember<Session>) {
        borrowedCount -= 1
        keep(member)
        if waiters.count > checkingCount { scheduleServing() } else { settle() }
    }

    func discard(_ member: PoolMember<Session>) {
        borrowedCount -= 1
        member.state = .closing
        member.session?.transport.abortConnection()
    }

    /// Makes a member idle, or closes it.
    private func keep(_ member: PoolMember<Session>) {
        guard let session = member.session, let now = link.live?.now else { return }
        member.isNew = false
        if session.transport.isClosing {
            member.state = .closing
        } else if phase == .closed || isOld(member, at: now) {
            close(member)
        } else {
            member.state = .idle
            member.idleSince = now
            idle.append(member)
            scheduleExpiry(of: member)
        }
    }

    /// Closes a member that is in no list.
    func close(_ member: PoolMember<Session>) {
        member.state = .closing
        member.session?.transport.loseConnection()
    }

    /// Closes the idle members that are too many.
    func settle() {
        guard waiters.count == 0 || phase == .closed else { return }
        let most = phase == .open ? max(0, settings.maximumIdle ?? .max) : 0
        guard idle.count > most else { return }
        // The ones that have been idle longest go.
        let surplus = idle.prefix(idle.count - most)
        idle.removeFirst(surplus.count)
        for member in surplus { close(member) }
    }

    // MARK: Health checks

    private func needsCheck(_ member: PoolMember<Session>) -> Bool {
        guard healthCheck != nil else { return false }
        guard let since = member.idleSince, let now = link.live?.now else { return settings.checksNewConnections }
        return since.duration(to: now) >= settings.checksAfterIdle
    }

    private func beginCheck(of member: PoolMember<Session>) {
        guard let session = member.session, let healthCheck else { return }
        member.state = .checking
        arrivingCount += 1
        checkingCount += 1
        let check = HealthCheck { [unowned self, unowned member] passed in checkEnded(member, passed: passed) }
        member.check = check
        member.checkTimeout = checkTimeout.arm { check.fail() }
        healthCheck(session, check)
    }

    private func checkEnded(_ member: PoolMember<Session>, passed: Bool) {
        member.endCheck()
        guard passed else {
            // It counts as being checked until its loss, which follows.
            member.failure = .unhealthy
            member.session?.transport.abortConnection()
            return
        }
        checkingCount -= 1
        member.state = .ready
        ready.append(member)
        scheduleServing()
    }

    // MARK: Reports of connections

    func established(_ member: PoolMember<Session>) {
        // Its `connectionMade` may have closed the pool.
        guard member.state == .connecting else { return }
        member.establishedAt = link.live?.now
        if needsCheck(member) {
            arrivingCount -= 1
            return beginCheck(of: member)
        }
        member.state = .ready
        ready.append(member)
        serve()
    }

    func connectFailed(_ member: PoolMember<Session>, _ error: ConnectError) {
        arrivingCount -= 1
        remove(member)
        ended(.connectFailed(error))
    }

    func lost(_ member: PoolMember<Session>, _ reason: ConnectionLostReason) {
        switch member.state {
        case .connecting: arrivingCount -= 1
        case .checking:
            arrivingCount -= 1
            checkingCount -= 1
        case .ready:
            arrivingCount -= 1
            ready.removeAll { $0 === member }
        case .idle: idle.removeAll { $0 === member }
        case .borrowed: borrowedCount -= 1
        case .closing: break
        }
        let concernsWaiter = member.isNew && member.state != .closing
        remove(member)
        ended(concernsWaiter ? member.failure ?? .connectionLost(reason) : nil)
    }

    /// A place is free again.
    private func ended(_ error: PoolError?) {
        if link.live?.isClosingRun ?? true {
            failAll(.reactorStopped)
        } else {
            if let error { failFirst(error) }
            serve()
        }
        finishDrain()
    }

    func remove(_ member: PoolMember<Session>) {
        let last = members.removeLast()
        if last !== member {
            members[member.index] = last
            last.index = member.index
        }
        member.detach()
    }
}
