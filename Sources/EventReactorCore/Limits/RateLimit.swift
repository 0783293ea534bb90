/// How fast bytes may be read and written: by one connection, or by all of a ``RateLimitGroup`` together.
///
/// A limit is a token bucket for each direction: in any time `t` no more than `burst + rate * t` bytes pass. What is
/// beyond waits: reading pauses, so that the peer is slowed down, and what is written is queued, so that
/// ``Protocol/pauseWriting()`` tells of it. Tokens come continuously, and a connection that waits goes on a hundred times
/// a second.
public struct RateLimit: Hashable, Sendable {
    /// Bytes a second that are read at most, in the long run; nil for no limit, less than 10 counts as 10.
    public var readRate: Int?

    /// Bytes a second that are written at most, in the long run; nil for no limit, less than 10 counts as 10.
    public var writeRate: Int?

    /// Bytes that may pass at once after a rest; a tenth of a second's worth at least.
    ///
    /// A new connection has not rested: it begins with a tenth of a second's worth.
    public var burst: Int

    /// Creates a limit.
    ///
    /// Rates below 10 bytes a second count as 10.
    ///
    /// - Parameters:
    ///   - readRate: in bytes a second, or nil.
    ///   - writeRate: in bytes a second, or nil.
    ///   - burst: in bytes; without it a tenth of a second's worth.
    public init(readRate: Int? = nil, writeRate: Int? = nil, burst: Int = 0) {
        self.readRate = readRate
        self.writeRate = writeRate
        self.burst = burst
    }
}
