/// How many connections a listener takes: at a time, at a time from one peer, and how fast new ones.
///
/// ```swift
/// var options = ListenOptions()
/// options.limits.total = 10_000
/// options.limits.perPeer = 50
/// options.limits.rate = ConnectionRate(200, burst: 400)
/// ```
///
/// None of them holds unless set. All count the connections of one listener, whatever else the reactor does, and for a
/// listener at an empty host those of both families together.
public struct ConnectionLimits: Hashable, Sendable {
    /// The most connections at a time, or nil for no limit; 0 or less takes none.
    ///
    /// A connection counts until its loss, after ``ListeningPort/stopListening()`` too.
    public var total: Int?

    /// The most connections at a time from the peers of one prefix, an address unless set otherwise, or nil for no
    /// limit; 0 or less takes none.
    ///
    /// Peers at a UNIX socket have no address: the limit does not hold for them.
    public var perPeer: Int?

    /// How many leading bits of IPv4 addresses make one peer, 0 to 32; 32, the whole address, unless set.
    ///
    /// What is outside counts as the nearer end.
    /// IPv4-mapped IPv6 addresses count as the IPv4 addresses that they stand for.
    public var ipv4PrefixLength = 32

    /// How many leading bits of IPv6 addresses make one peer, 0 to 128; 64 unless set.
    ///
    /// What is outside counts as the nearer end.
    /// A network of 64 bits is the least that a subscriber has, who can so use 2^64 addresses in turn.
    public var ipv6PrefixLength = 64

    /// How fast new connections are taken, or nil for no limit.
    public var rate: ConnectionRate?

    /// What happens to peers beyond ``total`` and ``rate``; ``ExcessPolicy/wait`` unless set.
    ///
    /// Those beyond ``perPeer`` do not wait, whatever is set: who they are is known only when they have been accepted.
    public var excess = ExcessPolicy.wait

    /// The most connections at a time that ``ListeningPort/onExcess`` makes; 64 unless set, none with 0 or less.
    ///
    /// They are counted apart from the others. A peer beyond them is reset, so that a flood gets round no limit.
    public var excessConnections = 64

    /// Creates limits of which none is set.
    public init() {}
}

/// How fast a listener takes new connections: a token bucket.
///
/// In any time `t` no more than `burst + count * t / period` are taken. The bucket is full when listening starts.
public struct ConnectionRate: Hashable, Sendable {
    /// How many a period, in the long run; less than 1 counts as 1.
    public var count: Int

    /// The time in which so many are taken; less than a nanosecond counts as one.
    public var period: Duration

    /// How many are taken at once after a rest; less than 1 counts as 1.
    public var burst: Int

    /// Creates a rate.
    ///
    /// - Parameters:
    ///   - count: connections a period.
    ///   - period: one second unless given.
    ///   - burst: the most that are taken at once; without it a tenth of `count`, 1 at least.
    public init(_ count: Int, per period: Duration = .seconds(1), burst: Int? = nil) {
        self.count = count
        self.period = period
        self.burst = burst ?? max(1, count / 10)
    }
}

/// What happens to peers beyond a listener's limits.
public enum ExcessPolicy: Hashable, Sendable {
    /// They wait in the kernel's backlog: accepting pauses, and resumes by itself when a connection ends or the rate
    /// allows another.
    ///
    /// It costs nothing meanwhile. Peers beyond the backlog are not answered by the kernel.
    case wait

    /// They are accepted and given to ``ListeningPort/onExcess``, or reset where that is not set or makes no protocol.
    ///
    /// A reset tells the peer at once, whatever it has sent, and leaves nothing behind in the kernel: an orderly close
    /// would keep each refused peer in TIME_WAIT for a minute.
    case close
}

/// A peer that was accepted and is more than a listener's limits allow.
public struct ExcessConnection: Hashable, Sendable {
    /// The limit that it is beyond.
    public enum Cause: Hashable, Sendable {
        /// ``ConnectionLimits/total``.
        case total
        /// ``ConnectionLimits/perPeer``.
        case perPeer
        /// ``ConnectionLimits/rate``.
        case rate
    }

    /// The first limit that it is beyond, in the order total, peer, rate.
    public let cause: Cause

    /// The peer's address.
    public let address: SocketAddress

    package init(cause: Cause, address: SocketAddress) {
        self.cause = cause
        self.address = address
    }
}

/// What a listener has done since it began to listen; the numbers only grow.
public struct ListeningPortCounters: Hashable, Sendable {
    /// Connections that were made: those of the factory, not those of ``ListeningPort/onExcess``.
    public package(set) var accepted: UInt64 = 0

    /// Peers that the factory refused by making no protocol.
    public package(set) var refusedByFactory: UInt64 = 0

    /// Peers turned away beyond ``ConnectionLimits/total``, those served by ``ListeningPort/onExcess`` among them.
    public package(set) var refusedByTotal: UInt64 = 0

    /// Peers turned away beyond ``ConnectionLimits/perPeer``, those served by ``ListeningPort/onExcess`` among them.
    public package(set) var refusedByPeer: UInt64 = 0

    /// Peers turned away beyond ``ConnectionLimits/rate``, those served by ``ListeningPort/onExcess`` among them.
    public package(set) var refusedByRate: UInt64 = 0

    /// Peers turned away by a protocol of ``ListeningPort/onExcess``; the others were reset.
    public package(set) var excessServed: UInt64 = 0

    /// Peers closed for want of descriptors.
    public package(set) var refusedByShortage: UInt64 = 0

    /// How often accepting paused since a limit was reached.
    public package(set) var waits: UInt64 = 0

    package init() {}
}
