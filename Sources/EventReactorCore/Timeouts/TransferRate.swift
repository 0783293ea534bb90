/// Minimum number of bytes in each period.
public struct TransferRate: Hashable, Sendable {
    /// The bytes that have to pass in each period; zero or less: no such rate.
    public var bytes: Int

    /// The length of a period; less than a nanosecond counts as one.
    ///
    /// Periods follow one another, and each is judged at its end.
    public var period: Duration

    /// The time before the first period begins; zero (default) or less: none.
    public var grace: Duration

    /// Creates a rate.
    ///
    /// - Parameters:
    ///   - bytes: the bytes that have to pass in each period.
    ///   - period: the length of a period.
    ///   - grace: the time before the first period begins; none unless given.
    public init(bytes: Int, per period: Duration, grace: Duration = .zero) {
        self.bytes = bytes
        self.period = period
        self.grace = grace
    }
}
