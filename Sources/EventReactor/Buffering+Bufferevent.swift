import CLibevent
public import EventReactorCore

extension Buffering {
    /// libevent's bufferevents from the first byte to the last, on ``Reactor`` alone: about 1 kB more a connection, and
    /// slower.
    ///
    /// ```swift
    /// let options = ListenOptions(stream: StreamOptions(buffering: .bufferevent))
    /// try reactor.listen(.tcp(port: 8007), options: options) { Echo() }
    /// ```
    public static let bufferevent = Buffering("bufferevent")

    /// libevent's bufferevents, each connection under libevent's token buckets, which are refilled ten times a second.
    ///
    /// ``StreamOptions/rateLimit`` limits connections of either buffering, more smoothly and in groups too.
    ///
    /// - Parameter rateLimit: the limit of each connection.
    public static func bufferevent(rateLimit: RateLimit) -> Buffering { Buffering("bufferevent", rateLimit: rateLimit) }

    var isBufferevent: Bool { description == "bufferevent" }
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
