/// The kinds of faults that a simulated network injects; the seed determines which, when and how severe.
///
/// ```swift
/// let network = SimulatedNetwork(seed: 7, faults: [.splitting, .latency])
/// ```
///
/// Each kind has its own random generator, so that omitting one changes little of the others.
public struct Faults: OptionSet, Hashable, Sendable {
    /// The kinds, one bit each.
    public let rawValue: UInt32

    /// Creates a set of kinds from their bits.
    ///
    /// - Parameter rawValue: The bits; unknown ones have no effect.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The stream is split at arbitrary offsets: a message arrives in several parts.
    public static let splitting = Faults(rawValue: 1 << 0)
    /// Bytes written at different times arrive together.
    public static let merging = Faults(rawValue: 1 << 1)
    /// Links have a high and varying latency.
    public static let latency = Faults(rawValue: 1 << 2)
    /// Links have a low bandwidth.
    public static let bandwidth = Faults(rawValue: 1 << 3)
    /// Kernel buffers are small, so that backpressure sets in early.
    public static let smallBuffers = Faults(rawValue: 1 << 4)
    /// Packets are lost and retransmitted.
    public static let packetLoss = Faults(rawValue: 1 << 5)
    /// Hosts are slow: each turn of their loop takes time.
    public static let slowPeers = Faults(rawValue: 1 << 6)
    /// Events that are ready at the same time are handled in random order.
    public static let reordering = Faults(rawValue: 1 << 7)
    /// Hosts are partitioned from one another for some time.
    public static let partitions = Faults(rawValue: 1 << 8)
    /// Connections are reset by a middlebox.
    public static let resets = Faults(rawValue: 1 << 9)
    /// Connections silently stop delivering packets, without a reset.
    public static let silentLosses = Faults(rawValue: 1 << 10)
    /// Connects are refused although the target listens.
    public static let refusedConnects = Faults(rawValue: 1 << 11)
    /// Connects are never answered.
    public static let hangingConnects = Faults(rawValue: 1 << 12)
    /// Accepting fails because descriptors or memory are exhausted.
    public static let acceptFailures = Faults(rawValue: 1 << 13)

    /// All kinds.
    public static let all = Faults(rawValue: (1 << 14) - 1)

    /// The kinds that lose no connection and no byte: they only change when, and in how many parts, bytes arrive.
    public static let harmless: Faults = [
        .splitting, .merging, .latency, .bandwidth, .smallBuffers, .packetLoss, .slowPeers, .reordering,
    ]

    static let names = [
        "splitting", "merging", "latency", "bandwidth", "smallBuffers", "packetLoss", "slowPeers", "reordering",
        "partitions", "resets", "silentLosses", "refusedConnects", "hangingConnects", "acceptFailures",
    ]

    /// The kinds of the set, as sets of one.
    var kinds: [Faults] {
        Faults.names.indices.map { Faults(rawValue: 1 << $0) }.filter(contains)
    }

    /// The index of the set's first kind.
    var index: Int { rawValue.trailingZeroBitCount }
}

extension Faults: CustomStringConvertible {
    /// The set as Swift source, such as `[.splitting, .resets]`.
    public var description: String {
        "[" + kinds.map { ".\(Faults.names[$0.index])" }.joined(separator: ", ") + "]"
    }
}
