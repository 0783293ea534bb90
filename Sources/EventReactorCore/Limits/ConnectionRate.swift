/// The rate at which a listener accepts new connections: a token bucket.
///
/// In any time `t` no more than `burst + count * t / period` are accepted. The bucket is full when listening starts.
public struct ConnectionRate: Equatable, Sendable {
    /// Connections a period, in the long run; less than 1 counts as 1.
    public var count: Int

    /// The period; less than a nanosecond counts as one.
    public var period: Duration

    /// The most that are accepted at once after a rest; less than 1 counts as 1.
    public var burst: Int

    /// Creates a rate.
    ///
    /// - Parameters:
    ///   - count: connections a period.
    ///   - period: one second unless given.
    ///   - burst: the most that are accepted at once; without it a tenth of `count`, 1 at least.
    public init(_ count: Int, per period: Duration = .seconds(1), burst: Int? = nil) {
        self.count = count
        self.period = period
        self.burst = burst ?? max(1, count / 10)
    }
}
