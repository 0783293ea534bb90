/// A connection under limits: what it reads and writes waits for tokens.
///
/// Two bits of the state lead to the slow paths, and are tested together with others, so that a connection without
/// limits pays nothing.
extension StreamConnection {
    package func setRateLimit(_ limit: RateLimit?) -> Bool {
        changeLimits(limit: limit, group: extras?.rateLimit?.group)
    }

    package func setRateLimitGroup(_ group: RateLimitGroup?) -> Bool {
        guard !state.contains(.lost) else { return false }
        if let group, group.timeouts !== reactor.timeouts { return false }
        return changeLimits(limit: extras?.rateLimit?.limit, group: group)
    }

    private func changeLimits(limit: RateLimit?, group: RateLimitGroup?) -> Bool {
        guard !state.contains(.lost) else { return false }
        guard limit != nil || group != nil || extras?.rateLimit != nil else { return true }
        let extras = makeExtras()
        let rateLimit = extras.rateLimit ?? ConnectionRateLimit()
        extras.rateLimit = rateLimit
        rateLimit.change(self, limit: limit, group: group)
        if rateLimit.reading.isEmpty { state.remove(.readRateLimited) } else { state.insert(.readRateLimited) }
        readGoesOn()
        let wasLimited = state.contains(.writeRateLimited)
        if rateLimit.writing.isEmpty { state.remove(.writeRateLimited) } else { state.insert(.writeRateLimited) }
        if wasLimited || state.contains(.writeRateLimited) {
            sendQueued()
            releaseQueueIfDrained()
            if state.contains(.established) {
                state.insert(.watermarkCrossed)
                scheduleFlushOutsideCallback()
            }
        }
        if limit == nil && group == nil { extras.rateLimit = nil }
        return true
    }

    /// Tokens came for which it waited.
    func tokensCame(to share: RateShare) {
        guard !state.contains(.lost) else { return }
        switch share.limiter.direction {
        case .reading:
            readGoesOn()
            // A connection that has paused reading would keep tokens from the others.
            if !wantsReading { share.limiter.returnGrant(share) }
        case .writing:
            sendQueued()
            if !state.contains(.inCallback) { processPendingState() }
            releaseQueueIfDrained()
        }
    }

    // MARK: Reading

    /// How many bytes may be read now, of as many as could be; 0 if reading is to be parked.
    package func readAllowance(of most: Int) -> Int {
        guard wantsReading else { return 0 }
        // What arrives while closing is read and dropped.
        guard state.contains(.readRateLimited), !state.contains(.closing), let rateLimit = extras?.rateLimit else {
            return most
        }
        var least = most
        for share in rateLimit.reading {
            let allowed = share.limiter.allowance(of: share, wanted: .max)
            if allowed == 0 {
                state.insert(.readStarved)
                noteReading(false)
                share.limiter.wait(share, wanted: .max)
                return 0
            }
            least = min(least, allowed)
        }
        return least
    }

    @inline(never)
    func chargeReading(_ count: Int) {
        guard let rateLimit = extras?.rateLimit else { return }
        for share in rateLimit.reading { share.limiter.charge(share, count) }
    }

    private func readGoesOn() {
        guard state.contains(.readStarved) else { return }
        state.remove(.readStarved)
        if state.isDisjoint(with: .readPaused) { noteReading(true) }
        if state.contains(.parked) { updateReadInterest() }
    }

    // MARK: Writing

    /// The number of bytes that may be written now, of as many as wait; 0 registers for tokens.
    func writeAllowance(of most: Int) -> Int {
        guard let limit = extras?.rateLimit else { return most }
        var least = most
        for share in limit.writing {
            let allowed = share.limiter.allowance(of: share, wanted: most)
            if allowed == 0 {
                share.limiter.wait(share, wanted: most)
                return 0
            }
            least = min(least, allowed)
        }
        return least
    }

    func chargeWriting(_ count: Int) {
        for share in extras?.rateLimit?.writing ?? [] { share.limiter.charge(share, count) }
    }
}
