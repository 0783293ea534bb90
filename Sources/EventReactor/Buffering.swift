import CLibevent

/// How the connections of a listener or connector move their bytes; the contract is the same.
public struct Buffering: Hashable, Sendable {
    let isBufferevent: Bool
    let rateLimit: RateLimit?

    /// Received into a buffer that the reactor's connections share, and sent straight to the kernel: the default.
    public static let direct = Buffering(isBufferevent: false, rateLimit: nil)

    /// libevent's bufferevents from the first byte to the last: about 1 kB more a connection, and slower.
    public static let bufferevent = Buffering(isBufferevent: true, rateLimit: nil)

    /// libevent's bufferevents, each connection under its token buckets.
    public static func bufferevent(rateLimit: RateLimit) -> Buffering {
        Buffering(isBufferevent: true, rateLimit: rateLimit)
    }
}

/// How fast one connection may read and write: libevent's token buckets, refilled ten times a second.
public struct RateLimit: Hashable, Sendable {
    /// Bytes a second that are read at most, in the long run; nil for no limit.
    public var readRate: Int?

    /// Bytes a second that are written at most, in the long run; nil for no limit.
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

    /// libevent takes bytes a tick, and divides by zero for ticks under a millisecond: a tenth of a second is far off.
    func makeTokenBuckets() -> OpaquePointer? {
        // EV_RATE_LIMIT_MAX, a macro that Swift does not import.
        let unlimited = Int.max
        func perTick(_ rate: Int?) -> Int { rate.map { max(1, $0 / 10) } ?? unlimited }
        func bucket(_ rate: Int?) -> Int { rate == nil ? unlimited : max(perTick(rate), burst) }
        var tick = timeval(tv_sec: 0, tv_usec: 100_000)
        return unsafe ev_token_bucket_cfg_new(
            perTick(readRate), bucket(readRate), perTick(writeRate), bucket(writeRate), &tick)
    }
}
