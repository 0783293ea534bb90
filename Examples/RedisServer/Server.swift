import EventReactor

/// State that the connections share: it never leaves the reactor's thread, so it needs no lock.
final class Server {
    static let version = "7.0.15"
    /// Maximum of bytes that wait for a client: more close the connection.
    static let replyLimit = 1 << 30
    /// The same for a client that has subscribed: Redis's `client-output-buffer-limit pubsub`.
    static let messageLimit = 32 << 20

    let out = Output()
    let messages = Output()
    let commands = CommandTable()
    let databases = (0..<16).map { _ in Keyspace() }
    let started: ReactorInstant
    var channels: [[UInt8]: [Session]] = [:]
    var patterns: [[UInt8]: [Session]] = [:]
    var sessions: [Int: Session] = [:]
    var connectionCount = 0
    var commandCount = 0
    private let reactor: Reactor

    init(on reactor: Reactor) {
        self.reactor = reactor
        started = reactor.now
    }

    var uptime: Int { Int(started.duration(to: reactor.now).components.seconds) }

    func listen(port: Int) throws -> SocketAddress {
        let options = ListenOptions(stream: StreamOptions(writeBufferLimit: Server.replyLimit))
        let listener = try reactor.listenTCP(port: port, host: "127.0.0.1", options: options) { Session(of: self) }
        removeExpired()
        return listener.localAddress
    }

    /// Removes expired keys that nothing asks for, ten times a second, or at once again where many have expired.
    private func removeExpired() {
        var hasMore = false
        for keys in databases where !keys.expiries.isEmpty { hasMore = keys.removeExpired() || hasMore }
        reactor.callLater(hasMore ? .milliseconds(1) : .milliseconds(100)) { self.removeExpired() }
    }
}
