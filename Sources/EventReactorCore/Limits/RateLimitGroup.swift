/// A limit that several connections of one reactor share: those of one user, of one service, or all.
///
/// ```swift
/// let uploads = RateLimitGroup(RateLimit(readRate: 1_000_000), on: reactor)
/// let port = try reactor.listenTCP(port: 8007) { Upload() }
/// port.rateLimitGroup = uploads
/// ```
///
/// Connections join by ``ListeningPort/rateLimitGroup``, or by ``Transport/setRateLimitGroup(_:)``, and each may have a
/// limit of its own too. Connections that want more than there is get equal shares of new tokens: they are served in
/// turn, with a packet's worth at least. A group belongs to the thread of its reactor; its connections retain it.
public final class RateLimitGroup {
    /// The limit that the connections share.
    public let limit: RateLimit

    /// The number of connections that are in the group.
    public internal(set) var connectionCount = 0

    /// Identifies the reactor, which may be gone, and its memory be another reactor's by now.
    let timeouts: TimeoutQueue
    let reading: RateLimiter?
    let writing: RateLimiter?

    /// Creates a group without connections.
    ///
    /// - Parameters:
    ///   - limit: the limit of all connections together.
    ///   - reactor: the reactor whose connections join; connections of another reactor do not.
    public init(_ limit: RateLimit, on reactor: ReactorBase) {
        self.limit = limit
        timeouts = reactor.timeouts
        reading = limit.readRate.map { RateLimiter(.reading, rate: $0, burst: limit.burst, reactor: reactor) }
        writing = limit.writeRate.map { RateLimiter(.writing, rate: $0, burst: limit.burst, reactor: reactor) }
    }
}

@available(*, unavailable)
extension RateLimitGroup: Sendable {}
