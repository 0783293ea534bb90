import EventReactor
import Testing

@Suite("Rate limits of bufferevents")
struct RateLimitTests {
    @Test func theWriteRateHoldsInTheLongRunAndAllBytesArrive() throws {
        let limit = RateLimit(writeRate: 100_000, burst: 10_000)
        let time = try transfer(60_000, server: .direct, client: .bufferevent(rateLimit: limit))
        // A tenth of a second's worth passes at once, and the rest takes half a second. Ticks are coarse, so half of
        // that is asked for.
        #expect(time > .milliseconds(250))
    }

    @Test func theReadRateHoldsInTheLongRunAndAllBytesArrive() throws {
        let limit = RateLimit(readRate: 100_000, burst: 10_000)
        let time = try transfer(60_000, server: .bufferevent(rateLimit: limit), client: .direct)
        #expect(time > .milliseconds(250))
    }

    @Test func connectionsOfOneListenerAllGetTheirBytes() throws {
        let limit = RateLimit(readRate: 200_000)
        _ = try transfer(40_000, connections: 8, server: .bufferevent(rateLimit: limit), client: .direct)
    }

    @Test(arguments: [Int.min, -1, 0, 1, 9, 10, Int.max, nil])
    func oddRatesAreTakenForTheNearestThatWorks(_ rate: Int?) throws {
        for burst in [Int.min, -1, 0, 1, Int.max] {
            let limit = RateLimit(readRate: rate, writeRate: rate, burst: burst)
            _ = try transfer(3, server: .bufferevent(rateLimit: limit), client: .bufferevent(rateLimit: limit))
        }
    }

    @Test func aLimitOnOneDirectionLeavesTheOtherAlone() throws {
        // Ten bytes a second of writing do not slow half a megabyte of reading.
        let limit = RateLimit(writeRate: 10)
        _ = try transfer(500_000, server: .bufferevent(rateLimit: limit), client: .bufferevent)
    }

    @Test func aConnectionMayEndWhileItsBucketIsEmpty() throws {
        let reactor = try quietReactor()
        let limit = StreamOptions(buffering: .bufferevent(rateLimit: RateLimit(readRate: 10, writeRate: 10)))
        let server = Receiver()
        let client = Sender(bytes: 100_000)
        server.onData = { server in
            server.transport.abortConnection()
        }
        server.onLost = { _, _ in
            // The limits outlive the connection by a turn at most: nothing may touch them then.
            reactor.callSoon { reactor.callSoon { try? reactor.stop() } }
        }
        let port = try reactor.listenTCP(port: 0, host: "127.0.0.1", options: ListenOptions(stream: limit)) { server }
        try reactor.connectTCP(
            host: "127.0.0.1", port: try #require(port.localAddress.port), options: limit, { client })
        server.onMade = { _ in port.stopListening() }
        try reactor.run()
    }

    // MARK: Helpers

    private func quietReactor() throws -> Reactor {
        var configuration = Reactor.Configuration()
        configuration.stopSignals = []
        let reactor = try Reactor(configuration: configuration)
        reactor.callLater(.seconds(60)) { [unowned reactor] in
            Issue.record("the bytes did not arrive")
            try? reactor.stop()
        }
        return reactor
    }

    /// Sends bytes from clients to a server and checks them; how long it took from the first to the last.
    private func transfer(
        _ count: Int, connections: Int = 1, server: Buffering, client: Buffering
    ) throws -> Duration {
        let reactor = try quietReactor()
        var rest = connections
        var began: ReactorInstant?
        var ended: ReactorInstant?
        let port = try reactor.listenTCP(
            port: 0, host: "127.0.0.1", options: ListenOptions(stream: StreamOptions(buffering: server))
        ) {
            let receiver = Receiver()
            began = began ?? reactor.now
            receiver.onLost = { receiver, reason in
                let isComplete = receiver.received == Sender.bytes(count)
                #expect(isComplete, "got \(receiver.received.count) bytes")
                #expect(reason.isClean)
                rest -= 1
                guard rest == 0 else { return }
                ended = reactor.now
                try? reactor.stop()
            }
            return receiver
        }
        let number = try #require(port.localAddress.port)
        for _ in 0..<connections {
            try reactor.connectTCP(
                host: "127.0.0.1", port: number, options: StreamOptions(buffering: client), { Sender(bytes: count) })
        }
        try reactor.run()
        return try #require(began).duration(to: try #require(ended))
    }
}

/// Sends a number of bytes and closes.
private final class Sender: Protocol {
    private let count: Int

    static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ ($0 >> 8)) }
    }

    init(bytes count: Int) {
        self.count = count
    }

    override func connectionMade() {
        transport.write(Sender.bytes(count))
        transport.loseConnection()
    }
}

/// Keeps the bytes that arrive.
private final class Receiver: Protocol {
    private(set) var received: [UInt8] = []
    var onMade: (Receiver) -> Void = { _ in }
    var onData: (Receiver) -> Void = { _ in }
    var onLost: (Receiver, ConnectionLostReason) -> Void = { _, _ in }

    override func connectionMade() { onMade(self) }

    override func dataReceived(_ data: Span<UInt8>) {
        received += [UInt8](data)
        onData(self)
    }

    override func connectionLost(_ reason: ConnectionLostReason) { onLost(self, reason) }
}
