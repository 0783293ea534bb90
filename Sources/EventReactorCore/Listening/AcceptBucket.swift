/// The token bucket of a listener's rate, kept as the instant at which it is full again, so that no timer refills it.
struct AcceptBucket {
    /// Nanoseconds for one connection, rounded up: the rate is never exceeded.
    private let interval: Int64
    /// Time in which all but one of the bucket's tokens are refilled.
    private let tolerance: Int64
    /// Instant at which the bucket is full.
    private var full = ReactorInstant(nanoseconds: .min)

    init(_ rate: ConnectionRate) {
        let period = max(1, rate.period.saturatedNanoseconds)
        let count = Int64(max(1, rate.count))
        interval = max(1, (period - 1) / count + 1)
        let (tolerance, overflow) = interval.multipliedReportingOverflow(by: Int64(max(1, rate.burst)) - 1)
        self.tolerance = overflow ? .max : tolerance
    }

    /// Takes a token if there is one.
    mutating func take(at now: ReactorInstant) -> Bool {
        guard delay(at: now) == .zero else { return false }
        full = max(full, now).advanced(by: .nanoseconds(interval))
        return true
    }

    /// Time until there is a token.
    func delay(at now: ReactorInstant) -> Duration {
        let missing = now.duration(to: full).saturatedNanoseconds
        return missing <= tolerance ? .zero : .nanoseconds(missing - tolerance)
    }

    /// Time to wait for a token, or for a millisecond's worth of tokens if the bucket has room for as many.
    ///
    /// A timer for each connection of a high rate would cost more than the connection.
    func wait(at now: ReactorInstant) -> Duration {
        let delay = delay(at: now)
        return delay == .zero ? .zero : max(delay, .nanoseconds(min(1_000_000, tolerance)))
    }
}
