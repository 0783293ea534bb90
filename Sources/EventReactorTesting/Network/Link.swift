/// The link from one host to another; each direction has its own.
final class Link {
    let from: Int
    let to: Int
    /// The number of partitions that cut the link.
    var cuts = 0
    private(set) var conditions: LinkConditions
    // The conditions in the clock's unit, nanoseconds.
    private(set) var latency: Int64 = 0
    private(set) var jitter: Int64 = 0
    /// The time at which the last byte sent has left the sender.
    private var busyUntil: Int64 = 0

    init(from: Int, to: Int, conditions: LinkConditions) {
        self.from = from
        self.to = to
        self.conditions = conditions
        set(conditions)
    }

    func set(_ conditions: LinkConditions) {
        self.conditions = conditions
        latency = conditions.latency.simulated
        jitter = conditions.jitter.simulated
    }

    /// Serializes bytes onto the link, after those sent before.
    ///
    /// - Returns: The time at which the last of them has left the sender.
    func load(_ count: Int, at time: Int64) -> Int64 {
        guard let bandwidth = conditions.bandwidth, count > 0 else { return time }
        busyUntil = max(busyUntil, time).saturatingAdding(Int64(count) * 1_000_000_000 / Int64(max(1, bandwidth)))
        return busyUntil
    }
}
