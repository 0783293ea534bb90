/// The conditions of a link between two hosts: latency, jitter, bandwidth and packet loss.
///
/// ```swift
/// network.setLink(client, server, LinkConditions(latency: .milliseconds(40), lossRate: 0.01))
/// ```
public struct LinkConditions: Hashable, Sendable {
    /// The travel time of a packet; 1 ms by default.
    ///
    /// It is clamped to the range from 0 to a century.
    public var latency: Duration

    /// The maximum random addition to the latency of a packet; none by default.
    ///
    /// Packets are never reordered. The value is clamped to the range from 0 to a century.
    public var jitter: Duration = .zero

    /// The bandwidth in bytes a second; nil, the default, is unlimited.
    ///
    /// Less than 1 counts as 1.
    public var bandwidth: Int?

    /// The fraction of packets that are lost and have to be retransmitted, 0 to 1; none by default.
    ///
    /// It is clamped to this range, and NaN counts as 0.
    public var lossRate: Double = 0

    /// Creates the conditions of a link.
    ///
    /// - Parameters:
    ///   - latency: The travel time of a packet.
    ///   - jitter: The maximum random addition to it.
    ///   - bandwidth: The bandwidth in bytes a second, or nil for no limit.
    ///   - lossRate: The fraction of packets that are lost, 0 to 1.
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
    /// Nanoseconds, clamped to the range from 0 to a century, so that sums of a few stay within the clock's range.
    var simulated: Int64 { min(max(0, saturatedNanoseconds), 3_155_760_000_000_000_000) }
}
