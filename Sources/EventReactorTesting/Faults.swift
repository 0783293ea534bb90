/// The kinds of trouble that a simulated network makes; which, when and how much follows from the seed.
///
/// Each kind draws its random numbers from a source of its own, so that leaving one out changes little of the others.
public struct Faults: OptionSet, Hashable, Sendable {
    /// The kinds, a bit for each.
    public let rawValue: UInt32

    /// Creates a set of kinds from its bits.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The stream is cut at arbitrary places: a message arrives in pieces.
    public static let splitting = Faults(rawValue: 1 << 0)
    /// What was written at different times arrives together.
    public static let merging = Faults(rawValue: 1 << 1)
    /// Links are slow to answer, and not always equally slow.
    public static let latency = Faults(rawValue: 1 << 2)
    /// Links carry few bytes a second.
    public static let bandwidth = Faults(rawValue: 1 << 3)
    /// Buffers are small, so that writing has to wait for the peer soon.
    public static let smallBuffers = Faults(rawValue: 1 << 4)
    /// Packets are lost on the way and sent again.
    public static let packetLoss = Faults(rawValue: 1 << 5)
    /// Hosts take their time for each turn.
    public static let slowPeers = Faults(rawValue: 1 << 6)
    /// What is ready at a moment is handled in any order.
    public static let reordering = Faults(rawValue: 1 << 7)
    /// Hosts cannot reach one another for a while.
    public static let partitions = Faults(rawValue: 1 << 8)
    /// Connections are reset by something on the way.
    public static let resets = Faults(rawValue: 1 << 9)
    /// Connections go dead without a word: nothing of theirs arrives any more.
    public static let silentLosses = Faults(rawValue: 1 << 10)
    /// Connects are refused though something listens.
    public static let refusedConnects = Faults(rawValue: 1 << 11)
    /// Connects are never answered.
    public static let hangingConnects = Faults(rawValue: 1 << 12)
    /// Accepting fails, for want of descriptors or memory.
    public static let acceptFailures = Faults(rawValue: 1 << 13)

    /// Every kind.
    public static let all = Faults(rawValue: (1 << 14) - 1)

    /// The kinds under which every byte still arrives, only otherwise than one would like.
    public static let harmless: Faults = [
        .splitting, .merging, .latency, .bandwidth, .smallBuffers, .packetLoss, .slowPeers, .reordering,
    ]

    static let names = [
        "splitting", "merging", "latency", "bandwidth", "smallBuffers", "packetLoss", "slowPeers", "reordering",
        "partitions", "resets", "silentLosses", "refusedConnects", "hangingConnects", "acceptFailures",
    ]

    /// The kinds of the set, one at a time.
    var kinds: [Faults] {
        Faults.names.indices.map { Faults(rawValue: 1 << $0) }.filter(contains)
    }

    /// The number of a set's first kind.
    var index: Int { rawValue.trailingZeroBitCount }
}

extension Faults: CustomStringConvertible {
    /// The set as it is written in a program, such as `[.splitting, .resets]`.
    public var description: String {
        "[" + kinds.map { ".\(Faults.names[$0.index])" }.joined(separator: ", ") + "]"
    }
}
