/// One direction of a limit: its token bucket, and the connections that wait for tokens, first come, first served.
///
/// With no waiters, a connection may take all available tokens. Waiters are served in turn and get equal shares of the
/// tokens that have come since: so each gets the same in the long run, and a newcomer does not overtake them.
final class RateLimiter {
    enum Direction { case reading, writing }

    /// The bytes that are worth a system call, about a packet: with less for each, fewer are served at a time.
    static let leastShare = 1460

    let direction: Direction
    private unowned let reactor: ReactorBase
    private var bucket: TokenBucket
    private var waiting = ShareList()
    /// The shares with tokens for reading that may be unused, in the order in which they were granted.
    private var granted: [RateShare] = []
    private var timer: DelayedCall?

    @inline(never)
    init(_ direction: Direction, rate: Int, burst: Int, reactor: ReactorBase) {
        self.direction = direction
        self.reactor = reactor
        bucket = TokenBucket(rate: rate, burst: burst, at: reactor.now)
    }

    deinit {
        timer?.cancel()
    }

    /// The bytes that a connection may move now.
    ///
    /// Fewer than a hundredth of a second's worth are none if it wants more: tokens come all the time, and system calls
    /// for a few of them each would never end.
    func allowance(of share: RateShare, wanted: Int) -> Int {
        reclaimGrants()
        if share.grant > 0 { return share.grant }
        guard waiting.isEmpty else { return 0 }
        bucket.refill(at: reactor.now)
        return bucket.tokens < min(wanted, bucket.quantum) ? 0 : bucket.tokens
    }

    /// Takes tokens for bytes that were moved.
    func charge(_ share: RateShare, _ count: Int) {
        let granted = min(count, share.grant)
        share.grant -= granted
        bucket.spend(count - granted)
    }

    /// Calls a connection when it may move bytes.
    ///
    /// - Parameter wanted: the bytes that it would like to move.
    func wait(_ share: RateShare, wanted: Int) {
        guard !share.isWaiting else { return }
        returnGrant(share)
        share.wanted = wanted
        waiting.append(share)
        arm()
    }

    /// Removes a connection, which needs no more tokens.
    func leave(_ share: RateShare) {
        returnGrant(share)
        granted.removeAll { $0 === share }
        guard share.isWaiting else { return }
        waiting.remove(share)
        if waiting.isEmpty {
            timer?.cancel()
            timer = nil
        }
    }

    /// Returns unused tokens to the bucket.
    func returnGrant(_ share: RateShare) {
        bucket.add(share.grant)
        share.grant = 0
    }

    /// Returns the tokens of connections that have not read by now: they have nothing to read.
    ///
    /// They have a few turns' time, since one turn handles a bounded number of events.
    private func reclaimGrants() {
        while let first = granted.first, reactor.turnNumber >= first.grantTurn + 4 || first.grant == 0 {
            returnGrant(first)
            granted.removeFirst()
        }
    }

    private func arm() {
        guard timer == nil, let first = waiting.first else { return }
        let now = reactor.now
        bucket.refill(at: now)
        let wanted = waiting.count == 1 ? min(first.wanted, bucket.quantum) : bucket.quantum
        timer = reactor.timers.add(at: now.advanced(by: bucket.delay(until: wanted))) { [unowned self] in serve() }
    }

    /// Shares out the tokens that have come.
    private func serve() {
        timer = nil
        reclaimGrants()
        bucket.refill(at: reactor.now)
        let count = min(waiting.count, max(1, bucket.tokens / RateLimiter.leastShare))
        guard count > 0 else { return }
        let each = bucket.tokens / count
        guard each > 0 else { return arm() }
        var served: [RateShare] = []
        while served.count < count, let share = waiting.first {
            waiting.remove(share)
            bucket.spend(each)
            share.grant = each
            share.grantTurn = reactor.turnNumber
            served.append(share)
        }
        if direction == .reading { granted += served }
        for share in served {
            share.connection.tokensCame(to: share)
            // Writing has been done by now; reading is in the next turn.
            if direction == .writing { returnGrant(share) }
        }
        arm()
    }
}

/// Waiters in order of arrival: a doubly linked list, which any of them can leave at O(1).
@safe
private struct ShareList {
    private unowned(unsafe) var head: RateShare?
    private unowned(unsafe) var tail: RateShare?
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var first: RateShare? { unsafe head }

    mutating func append(_ share: RateShare) {
        unsafe share.previous = tail
        unsafe share.next = nil
        if let tail = unsafe tail { unsafe tail.next = share } else { unsafe head = share }
        unsafe tail = share
        share.isWaiting = true
        count += 1
    }

    mutating func remove(_ share: RateShare) {
        let next = unsafe share.next
        let previous = unsafe share.previous
        if let previous { unsafe previous.next = next } else { unsafe head = next }
        if let next { unsafe next.previous = previous } else { unsafe tail = previous }
        unsafe share.next = nil
        unsafe share.previous = nil
        share.isWaiting = false
        count -= 1
    }
}
