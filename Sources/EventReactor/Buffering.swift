import CLibevent
public import EventReactorCore

/// How the connections of a listener or connector move their bytes; the contract is the same.
public struct Buffering: Hashable, Sendable {
    let isBufferevent: Bool
    let rateLimit: RateLimit?

    /// Received into a buffer that the reactor's connections share, and sent straight to the kernel: the default.
    public static let direct = Buffering(isBufferevent: false, rateLimit: nil)

    /// libevent's bufferevents from the first byte to the last: about 1 kB more a connection, and slower.
    public static let bufferevent = Buffering(isBufferevent: true, rateLimit: nil)

    /// libevent's bufferevents, each connection under libevent's token buckets, refilled ten times a second.
    ///
    /// ``StreamOptions/rateLimit`` limits connections of either buffering, more smoothly and in groups too.
    public static func bufferevent(rateLimit: RateLimit) -> Buffering {
        Buffering(isBufferevent: true, rateLimit: rateLimit)
    }
}

extension RateLimit {
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
