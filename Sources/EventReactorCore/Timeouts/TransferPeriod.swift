/// The current period of a ``TransferRate``: its end, which a pause defers, and the bytes that passed in it.
struct TransferPeriod {
    /// Its end; nil while it is paused.
    private(set) var end: Int64?
    /// The rest of it while it is paused.
    private var rest: Int64 = 0
    var count = 0

    init() {}

    init(_ rate: TimeoutPolicy.Rate, isPaused: Bool, now: Int64) {
        rest = rate.first
        if !isPaused { resume(at: now) }
    }

    mutating func resume(at now: Int64) {
        if end == nil { end = now.saturatingAdding(rest) }
    }

    mutating func pause(at now: Int64) {
        guard let end else { return }
        rest = max(0, end - now)
        self.end = nil
    }

    /// Begins the next period if this one is over and brought enough.
    mutating func advance(by rate: TimeoutPolicy.Rate, now: Int64) {
        guard let end, end <= now, count >= rate.bytes else { return }
        count = 0
        let next = end.saturatingAdding(rate.period)
        self.end = next > now ? next : now.saturatingAdding(rate.period)
    }
}
