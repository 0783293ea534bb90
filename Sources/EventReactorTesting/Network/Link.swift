/// How a way from one host to another carries bytes.
public struct LinkConditions: Hashable, Sendable {
    /// How long a packet is on its way; a negative time counts as none, and more than a century as that.
    public var latency: Duration

    /// By how much more, at most, a packet may be late; packets do not overtake one another.
    ///
    /// A negative time counts as none, and more than a century as that.
    public var jitter: Duration = .zero

    /// Bytes a second, or nil where it takes no time to put bytes on the way; less than 1 counts as 1.
    public var bandwidth: Int?

    /// The share of packets that are lost on the way and have to be sent again, 0 to 1.
    ///
    /// Numbers outside count as the nearer end, and what is not a number counts as 0.
    public var lossRate: Double = 0

    /// Creates the conditions of a link.
    ///
    /// - Parameters:
    ///   - latency: how long a packet is on its way.
    ///   - jitter: by how much more, at most, a packet may be late.
    ///   - bandwidth: in bytes a second, or nil.
    ///   - lossRate: the share of packets that are lost, 0 to 1.
    public init(
        latency: Duration = .milliseconds(1), jitter: Duration = .zero, bandwidth: Int? = nil, lossRate: Double = 0
    ) {
        self.latency = latency
        self.jitter = jitter
        self.bandwidth = bandwidth
        self.lossRate = lossRate
    }
}

extension Duration {
    /// Nanoseconds from 0 to a century, so that sums of some stay far from what a clock can tell.
    var simulated: Int64 { min(max(0, saturatedNanoseconds), 3_155_760_000_000_000_000) }
}

/// The way from one host to another; there is one for each direction.
final class Link {
    let from: Int
    let to: Int
    /// How many partitions are in the way.
    var cuts = 0
    private(set) var conditions: LinkConditions
    // The conditions in the clock's units.
    private(set) var latency: Int64 = 0
    private(set) var jitter: Int64 = 0
    /// When the last byte that was sent has been put on the way.
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

    /// Puts bytes on the way behind those that were there before.
    ///
    /// - Returns: when the last of them is on its way.
    func load(_ count: Int, at time: Int64) -> Int64 {
        guard let bandwidth = conditions.bandwidth, count > 0 else { return time }
        busyUntil = max(busyUntil, time).saturatingAdding(Int64(count) * 1_000_000_000 / Int64(max(1, bandwidth)))
        return busyUntil
    }
}
