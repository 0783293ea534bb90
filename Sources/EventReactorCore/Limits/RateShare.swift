/// One connection's share of a limiter.
@safe
final class RateShare {
    let limiter: RateLimiter
    /// Unowned: the share leaves the limiter before the connection is released.
    private let unmanaged: Unmanaged<StreamConnection>
    /// Tokens that were granted to it from the bucket, and the turn in which they were.
    var grant = 0
    var grantTurn: UInt64 = 0
    /// The bytes that it would like to move, while it waits.
    var wanted = 0
    var isWaiting = false
    // Unowned: all are in the same list, which each leaves before it is released.
    unowned(unsafe) var next: RateShare?
    unowned(unsafe) var previous: RateShare?

    init(_ limiter: RateLimiter, _ connection: StreamConnection) {
        self.limiter = limiter
        unsafe unmanaged = .passUnretained(connection)
    }

    var connection: StreamConnection { unsafe unmanaged.takeUnretainedValue() }
}
