/// The settings shared by the connections of one listener or connector, so that each pays one pointer for them.
@safe
package final class StreamSettings {
    package let engine: any StreamEngine
    /// The reactor, which outlives its connections until their loss.
    let owner: Unmanaged<ReactorBase>
    let closeDeadline: Duration?
    let highMark: Int
    let lowMark: Int
    package let limit: Int
    let rateLimit: RateLimit?
    /// Where the connections are counted; nil for those of connectors.
    let members: PortMembers?
    /// The timeouts that each begins with.
    let limits: TimeoutPolicy?
    /// That the connection was adopted: others may hold descriptors of its socket.
    var adoption: AdoptionClaim?
    /// Whether the socket was adopted: other processes may have it.
    package var isAdopted: Bool { adoption != nil }
    /// The settings of connections that carry a layer, made once for all that would share these.
    private var carrying: StreamSettings?
    /// Of connections that carry a layer: the settings of those above it.
    package private(set) var above: StreamSettings?

    package init(engine: any StreamEngine, options: StreamOptions, reactor: ReactorBase) {
        self.engine = engine
        unsafe owner = .passUnretained(reactor)
        closeDeadline = options.closeDeadline
        highMark = max(0, options.writeBufferHighMark)
        lowMark = min(max(0, options.writeBufferLowMark), highMark)
        limit = options.writeBufferLimit.map { max(0, $0) } ?? .max
        rateLimit = options.rateLimit
        members = nil
        limits = reactor.timeouts.policy(for: options.timeouts)
    }

    private init(_ other: StreamSettings, high: Int, low: Int, limit: Int, members: PortMembers?) {
        engine = other.engine
        unsafe owner = other.owner
        closeDeadline = other.closeDeadline
        highMark = max(0, high)
        lowMark = min(max(0, low), highMark)
        self.limit = max(0, limit)
        rateLimit = other.rateLimit
        self.members = members
        limits = other.limits
        adoption = other.adoption
    }

    /// The settings of connections that carry a layer: with marks of 0, they tell it as soon as bytes wait.
    func carrying(_ engine: any StreamEngine) -> StreamSettings {
        if let carrying, carrying.above?.engine === engine { return carrying }
        let made = with(high: 0, low: 0, limit: .max)
        made.above = StreamSettings(above: self, engine: engine)
        carrying = made
        return made
    }

    /// The settings of a connection above a layer: those of the connection below that do not concern its socket.
    private init(above settings: StreamSettings, engine: any StreamEngine) {
        self.engine = engine
        unsafe owner = settings.owner
        closeDeadline = settings.closeDeadline
        highMark = settings.highMark
        lowMark = settings.lowMark
        limit = settings.limit
        // Moved by the connections themselves.
        rateLimit = nil
        limits = nil
        members = nil
    }

    /// The same settings with other marks, for one connection.
    func with(high: Int? = nil, low: Int? = nil, limit: Int? = nil) -> StreamSettings {
        StreamSettings(self, high: high ?? highMark, low: low ?? lowMark, limit: limit ?? self.limit, members: members)
    }

    /// The same settings for connections that are counted.
    func of(_ members: PortMembers) -> StreamSettings {
        StreamSettings(self, high: highMark, low: lowMark, limit: limit, members: members)
    }
}
