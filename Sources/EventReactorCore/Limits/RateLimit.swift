/// A limit of the bytes a second that one connection, or all of a ``RateLimitGroup`` together, may read and write.
///
/// It is a token bucket for each direction: in any time `t` no more than `burst + rate * t` bytes pass. Beyond it
/// reading pauses, so that the peer is slowed down, and bytes that are written are queued and count for
/// ``Protocol/pauseWriting()``. Tokens come continuously, and a connection that waits is served a hundred times a
/// second.
public struct RateLimit: Equatable, Sendable {
    /// Maximum bytes a second that are read, in the long run; `nil` (default): no limit.
    ///
    /// Less than 10 counts as 10.
    public var readRate: Int?

    /// Maximum bytes a second that are written, in the long run; `nil` (default): no limit.
    ///
    /// Less than 10 counts as 10.
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
