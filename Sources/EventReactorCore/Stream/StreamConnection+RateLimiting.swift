#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection under limits: what it reads and writes waits for tokens.
///
/// Two bits of the state send it on a way of its own where the others are tested too, so that a connection without
/// limits pays nothing.
extension StreamConnection {
    package func setRateLimit(_ limit: RateLimit?) -> Bool {
        changeLimits(limit: limit, group: extras?.meter?.group)
    }

    package func setRateLimitGroup(_ group: RateLimitGroup?) -> Bool {
        guard !state.contains(.lost) else { return false }
        if let group, group.board !== reactor.timeouts { return false }
        return changeLimits(limit: extras?.meter?.limit, group: group)
    }

    private func changeLimits(limit: RateLimit?, group: RateLimitGroup?) -> Bool {
        guard !state.contains(.lost) else { return false }
        guard limit != nil || group != nil || extras?.meter != nil else { return true }
        let extras = makeExtras()
        let meter = extras.meter ?? ConnectionRateLimit()
        extras.meter = meter
        meter.change(self, limit: limit, group: group)
        if meter.reading.isEmpty { state.remove(.readMetered) } else { state.insert(.readMetered) }
        readGoesOn()
        if !meter.writing.isEmpty { state.insert(.writeMetered) }
        if state.contains(.writeMetered) {
            pump()
            // Without limits `pump` leaves the queue to the engine.
            if meter.writing.isEmpty { state.remove(.writeMetered) }
            if !state.contains(.inCallback) && state.contains(.established) {
                state.insert(.watermarkCrossed)
                scheduleFlush()
            }
        }
        if limit == nil && group == nil { extras.meter = nil }
        return true
    }

    /// Tokens came for which it waited.
    func tokensCame(to share: RateShare) {
        guard !state.contains(.lost) else { return }
        switch share.limiter.direction {
        case .reading:
            readGoesOn()
            // Whoever has paused reading would keep tokens from the others.
            if !wantsReading { share.limiter.giveBack(share) }
        case .writing:
            pump()
            if !state.contains(.inCallback) { processPendingState() }
        }
    }

    // MARK: Reading

    /// How many bytes may be read now, of as many as could be; 0 where reading is to be parked.
    package func readAllowance(of most: Int) -> Int {
        guard wantsReading else { return 0 }
        // What arrives while closing is read and dropped.
        guard state.contains(.readMetered), !state.contains(.closing), let meter = extras?.meter else { return most }
        var least = most
        for share in meter.reading {
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
        guard let meter = extras?.meter else { return }
        for share in meter.reading { share.limiter.charge(share, count) }
    }

    private func readGoesOn() {
        guard state.contains(.readStarved) else { return }
        state.remove(.readStarved)
        if state.isDisjoint(with: .readPaused) { noteReading(true) }
        if state.contains(.parked) { engine.readingChanged(self) }
    }

    // MARK: Writing

    /// The bytes that wait, for tokens or for the kernel.
    var queuedByteCount: Int {
        let held = state.contains(.writeMetered) ? extras?.meter?.held.count ?? 0 : 0
        return held + (state.contains(.queued) ? engine.queuedByteCount(self) : 0)
    }

    /// Takes bytes into the queue that waits for tokens.
    @inline(never)
    func hold(_ bytes: UnsafeRawBufferPointer) {
        guard let meter = extras?.meter else { return }
        unsafe meter.held.append(bytes)
        pump()
    }

    /// Hands over as much of what is held as there are tokens for.
    ///
    /// What the kernel does not take stays, and asks for no tokens until there is room: the engine queues a packet's
    /// worth alone, to be told then.
    @inline(never)
    func pump() {
        guard let meter = extras?.meter else { return }
        while !meter.held.isEmpty, state.isDisjoint(with: .cannotSend) {
            let isLimited = !meter.writing.isEmpty
            let isQueued = state.contains(.queued) && engine.queuedByteCount(self) > 0
            if isQueued && isLimited { return }
            let allowed = writeAllowance(of: meter.held.count, meter)
            if allowed == 0 { return }
            let (taken, code) = unsafe meter.held.withFirst(allowed) { bytes -> (Int, Int32) in
                let taken = isQueued ? 0 : unsafe engine.send(self, bytes)
                guard taken >= 0, taken < bytes.count else { return (taken, 0) }
                let isPacketEnough = isLimited && !engine.queuesAll
                let end = isPacketEnough ? min(bytes.count, taken + RateLimiter.leastShare) : bytes.count
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[taken..<end])
                return (end, unsafe engine.enqueue(self, rest))
            }
            if taken < 0 { return sendFailed(Int32(-taken)) }
            if code != 0 { return fail(SystemError(code: code, operation: "write", address: peer)) }
            if !isQueued { timeouts?.offered() }
            if engine.queuedByteCount(self) > 0 {
                if !isQueued { noteWaiting(true) }
                state.insert(.queued)
            }
            for share in meter.writing { share.limiter.charge(share, taken) }
            meter.held.removeFirst(taken)
        }
    }

    private func writeAllowance(of most: Int, _ meter: ConnectionRateLimit) -> Int {
        var least = most
        for share in meter.writing {
            let allowed = share.limiter.allowance(of: share, wanted: most)
            if allowed == 0 {
                share.limiter.wait(share, wanted: most)
                return 0
            }
            least = min(least, allowed)
        }
        return least
    }
}
