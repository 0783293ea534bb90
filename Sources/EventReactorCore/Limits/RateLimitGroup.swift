/// A limit that several connections of one reactor share: of one user, of one upload service, of all there are.
///
/// ```swift
/// let uploads = RateLimitGroup(RateLimit(readRate: 1_000_000), on: reactor)
/// let port = try reactor.listenTCP(port: 8007) { Upload() }
/// port.rateLimitGroup = uploads
/// ```
///
/// Connections join by ``ListeningPort/rateLimitGroup``, or by ``Transport/setRateLimitGroup(_:)``, and each may have a
/// limit of its own besides. Those that want more than there is share alike what comes: they are served in turn, by a
/// packet's worth at least. A group belongs to the thread of its reactor; its connections keep it.
public final class RateLimitGroup {
    /// The limit that the connections share.
    public let limit: RateLimit

    /// The connections that are in the group.
    public internal(set) var connectionCount = 0

    /// The reactor's, which tells it from others: it may have gone, and another have its place in memory.
    let board: TimeoutQueue
    let reading: RateLimiter?
    let writing: RateLimiter?

    /// Creates a group without connections.
    ///
    /// - Parameters:
    ///   - limit: what all of them together may read and write.
    ///   - reactor: the reactor whose connections join; those of another do not.
    public init(_ limit: RateLimit, on reactor: ReactorBase) {
        self.limit = limit
        board = reactor.timeouts
        reading = limit.readRate.map { RateLimiter(.reading, rate: $0, burst: limit.burst, reactor: reactor) }
        writing = limit.writeRate.map { RateLimiter(.writing, rate: $0, burst: limit.burst, reactor: reactor) }
    }
}

@available(*, unavailable)
extension RateLimitGroup: Sendable {}
