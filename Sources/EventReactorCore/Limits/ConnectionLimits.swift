/// Limits of the connections that a listener accepts: at a time, at a time from one peer, and of the rate of new ones.
///
/// ```swift
/// var options = ListenOptions()
/// options.limits.total = 10_000
/// options.limits.perPeer = 50
/// options.limits.rate = ConnectionRate(200, burst: 400)
/// ```
///
/// Unless set there is no limit. All count the connections of one listener, and for a listener at an empty host those
/// of both families together.
public struct ConnectionLimits: Equatable, Sendable {
    /// Maximum number of connections at a time; `nil` (default): no limit.
    ///
    /// 0 or less accepts none. A connection counts until its loss, after ``ListeningPort/stopListening()`` too.
    public var total: Int?

    /// Maximum number of connections at a time from one peer; `nil` (default): no limit.
    ///
    /// 0 or less accepts none. The addresses of a prefix are one peer; see ``ipv4PrefixLength`` and ``ipv6PrefixLength``.
    /// Peers at a UNIX socket have no address, and are not limited by it.
    public var perPeer: Int?

    /// The number of leading bits of an IPv4 address that make one peer, 0 to 32; 32 (default) is the whole address.
    ///
    /// A value out of range counts as the nearer end. IPv4-mapped IPv6 addresses count as IPv4 addresses.
    public var ipv4PrefixLength: Int

    /// The number of leading bits of an IPv6 address that make one peer, 0 to 128; 64 by default.
    ///
    /// A value out of range counts as the nearer end. A network of 64 bits is the least that a subscriber
    /// has, who can use 2^64 addresses in turn.
    public var ipv6PrefixLength: Int

    /// The rate of new connections; `nil` (default): no limit.
    public var rate: ConnectionRate?

    /// The treatment of peers beyond ``total`` and ``rate``; ``ExcessPolicy/wait`` by default.
    ///
    /// Peers beyond ``perPeer`` never wait: their addresses are known only when they have been accepted.
    public var excess: ExcessPolicy

    /// Maximum number of connections at a time that ``ListeningPort/onExcess`` makes; 64 by default, none with 0 or less.
    ///
    /// They are counted apart from the others. A peer beyond them is reset, so that a flood passes no limit.
    public var excessConnections: Int

    /// Creates limits; each parameter sets the property of its name.
    public init(
        total: Int? = nil, perPeer: Int? = nil, ipv4PrefixLength: Int = 32, ipv6PrefixLength: Int = 64,
        rate: ConnectionRate? = nil, excess: ExcessPolicy = .wait, excessConnections: Int = 64
    ) {
        self.total = total
        self.perPeer = perPeer
        self.ipv4PrefixLength = ipv4PrefixLength
        self.ipv6PrefixLength = ipv6PrefixLength
        self.rate = rate
        self.excess = excess
        self.excessConnections = excessConnections
    }
}
