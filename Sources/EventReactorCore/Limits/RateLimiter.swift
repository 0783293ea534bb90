/// One direction of a limit: its bucket, and the connections that wait for tokens, first come, first served.
///
/// While nobody waits whoever asks may have all there is. Those who wait are served in turn and share alike what has come
/// since: so each of them gets the same in the long run, and a newcomer does not overtake them.
final class RateLimiter {
    enum Direction { case reading, writing }

    /// The least that is worth a call to the kernel, about a packet: with less for each, fewer are served at a time.
    static let leastShare = 1460

    let direction: Direction
    private unowned let reactor: ReactorBase
    private var bucket: TokenBucket
    private var waiting = ShareList()
    /// Those that were given tokens to read with and may not have used them, in the order in which they were.
    private var granted: [RateShare] = []
    private var timer: DelayedCall?

    init(_ direction: Direction, rate: Int, burst: Int, reactor: ReactorBase) {
        self.direction = direction
        self.reactor = reactor
        bucket = TokenBucket(rate: rate, burst: burst, at: reactor.now)
    }

    deinit {
        timer?.cancel()
    }

    /// How many bytes a connection may move now.
    ///
    /// Fewer than a hundredth of a second's worth are none, where it wants more: tokens come all the time, and a call to
    /// the kernel for each few of them would never end.
    func allowance(of share: RateShare, wanted: Int) -> Int {
        takeBackGrants()
        if share.grant > 0 { return share.grant }
        guard waiting.isEmpty else { return 0 }
        bucket.refill(at: reactor.now)
        return bucket.tokens < min(wanted, bucket.quantum) ? 0 : bucket.tokens
    }

    /// Bytes were moved.
    func charge(_ share: RateShare, _ count: Int) {
        let granted = min(count, share.grant)
        share.grant -= granted
        bucket.take(count - granted)
    }

    /// Has a connection called when it may move bytes.
    ///
    /// - Parameter wanted: how many it would like to move.
    func wait(_ share: RateShare, wanted: Int) {
        guard !share.isWaiting else { return }
        giveBack(share)
        share.wanted = wanted
        waiting.append(share)
        arm()
    }

    /// A connection does not need tokens any more.
    func leave(_ share: RateShare) {
        giveBack(share)
        granted.removeAll { $0 === share }
        guard share.isWaiting else { return }
        waiting.remove(share)
        if waiting.isEmpty {
            timer?.cancel()
            timer = nil
        }
    }

    func giveBack(_ share: RateShare) {
        bucket.give(share.grant)
        share.grant = 0
    }

    /// Those who were to read and have not by now have nothing to read.
    ///
    /// A few turns are allowed for, since one takes a bounded number of events.
    private func takeBackGrants() {
        while let first = granted.first, reactor.turnNumber >= first.grantTurn + 4 || first.grant == 0 {
            giveBack(first)
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

    /// Tokens have come: shares them out.
    private func serve() {
        timer = nil
        takeBackGrants()
        bucket.refill(at: reactor.now)
        let count = min(waiting.count, max(1, bucket.tokens / RateLimiter.leastShare))
        guard count > 0 else { return }
        let each = bucket.tokens / count
        guard each > 0 else { return arm() }
        var served: [RateShare] = []
        while served.count < count, let share = waiting.first {
            waiting.remove(share)
            bucket.take(each)
            share.grant = each
            share.grantTurn = reactor.turnNumber
            served.append(share)
        }
        if direction == .reading { granted += served }
        for share in served {
            share.connection.tokensCame(to: share)
            // What is written is written by now; what is to be read comes in the next turn.
            if direction == .writing { giveBack(share) }
        }
        arm()
    }
}

/// One connection's part in a limiter.
@safe
final class RateShare {
    let limiter: RateLimiter
    /// It leaves the limiter before the connection goes.
    private let unmanaged: Unmanaged<StreamConnection>
    /// Tokens that are taken from the bucket for it, and the turn in which they were.
    var grant = 0
    var grantTurn: UInt64 = 0
    var wanted = 0
    fileprivate(set) var isWaiting = false
    // Both are in the same list, which they leave before they go.
    fileprivate unowned(unsafe) var next: RateShare?
    fileprivate unowned(unsafe) var previous: RateShare?

    init(_ limiter: RateLimiter, _ connection: StreamConnection) {
        self.limiter = limiter
        unsafe unmanaged = .passUnretained(connection)
    }

    var connection: StreamConnection { unsafe unmanaged.takeUnretainedValue() }
}

/// Those who wait, in the order in which they came; any of them can leave at once.
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
