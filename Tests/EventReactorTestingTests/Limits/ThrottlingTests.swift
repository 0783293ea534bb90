import EventReactorTesting
import Testing

@Suite("Rate limits in virtual time")
struct ThrottlingTests {
    /// Records the number of bytes that arrived, and the times.
    private final class Receiver: Protocol {
        private(set) var arrivals: [(time: ReactorInstant, count: Int)] = []
        private(set) var count = 0
        let clock: SimulatedReactor

        init(_ clock: SimulatedReactor) {
            self.clock = clock
        }

        override func dataReceived(_ data: Span<UInt8>) {
            count += data.count
            arrivals.append((clock.now, data.count))
        }

        /// The greatest number of bytes in any interval beyond those that the rate adds in it.
        func burst(rate: Double) -> Double {
            var most = 0.0
            var beyond = 0.0
            var last: ReactorInstant?
            for arrival in arrivals {
                let passed = last.map { $0.duration(to: arrival.time) / .seconds(1) } ?? 0
                beyond = max(0, beyond - rate * passed) + Double(arrival.count)
                most = max(most, beyond)
                last = arrival.time
            }
            return most
        }
    }

    private struct Pair {
        let network = SimulatedNetwork(seed: 1)
        let sender = Protocol()
        let receiver: Receiver
        let start: ReactorInstant

        init(write: RateLimit? = nil, read: RateLimit? = nil) throws {
            let (client, server) = (network.host("client"), network.host("server"))
            let receiver = Receiver(server)
            self.receiver = receiver
            var options = ListenOptions()
            options.stream.rateLimit = read
            try server.listenTCP(port: 7, options: options) { receiver }
            var own = StreamOptions()
            own.rateLimit = write
            let sender = self.sender
            try client.connectTCP(host: "server", port: 7, options: own, { sender })
            network.advance(by: .milliseconds(5))
            start = network.now
        }

        /// The time from the write until all bytes have arrived.
        func time(of count: Int) -> Duration {
            sender.transport.write([UInt8](repeating: 1, count: count))
            let all = receiver.count + count
            let before = network.now
            #expect(network.run { receiver.count == all })
            return before.duration(to: network.now)
        }
    }

    @Test func aLimitedWriteTakesTheTimeItMust() throws {
        let pair = try Pair(write: RateLimit(writeRate: 100_000))
        // A tenth of a second's worth at once, the rest in half a second, and a millisecond on the way.
        let time = pair.time(of: 60_000)
        #expect(time >= .milliseconds(500) && time <= .milliseconds(502), "\(time)")
        #expect(pair.receiver.burst(rate: 100_000) <= 10_000)
        pair.network.end()
    }

    @Test func aLimitedReadTakesTheTimeItMust() throws {
        let pair = try Pair(read: RateLimit(readRate: 100_000))
        let time = pair.time(of: 60_000)
        #expect(time >= .milliseconds(500) && time <= .milliseconds(502), "\(time)")
        #expect(pair.receiver.burst(rate: 100_000) <= 10_000)
        pair.network.end()
    }

    @Test func aRestSavesUpABurstAndNoMore() throws {
        let pair = try Pair(write: RateLimit(writeRate: 100_000, burst: 30_000))
        _ = pair.time(of: 60_000)
        pair.network.advance(by: .seconds(3600))
        let time = pair.time(of: 60_000)
        #expect(time >= .milliseconds(300) && time <= .milliseconds(302), "\(time)")
        #expect(pair.receiver.burst(rate: 100_000) <= 30_001)
        pair.network.end()
    }

    @Test func bytesComeSmoothly() throws {
        let pair = try Pair(write: RateLimit(writeRate: 50_000))
        _ = pair.time(of: 100_000)
        let steady = pair.receiver.arrivals.dropFirst(2)
        #expect(steady.allSatisfy { $0.count <= 501 })
        let gaps = zip(steady, steady.dropFirst()).map { $0.time.duration(to: $1.time) }
        #expect(gaps.allSatisfy { $0 <= .milliseconds(11) })
        pair.network.end()
    }

    @Test func aSlowRateGoesByteByByte() throws {
        let pair = try Pair(write: RateLimit(writeRate: 10))
        let time = pair.time(of: 21)
        #expect(time >= .seconds(2) && time <= .milliseconds(2002), "\(time)")
        pair.network.end()
    }

    @Test func aPeerThatStallsSavesUpNoMoreThanABurst() throws {
        let pair = try Pair(write: RateLimit(writeRate: 100_000))
        pair.receiver.transport.pauseReading()
        pair.sender.transport.write([UInt8](repeating: 1, count: 1_000_000))
        pair.network.advance(by: .seconds(100))
        // The buffers of both kernels are full, and no more was taken than fits.
        let waiting = pair.sender.transport.bufferedByteCount
        #expect(waiting > 800_000)
        pair.receiver.transport.resumeReading()
        pair.network.advance(by: .milliseconds(100))
        #expect(waiting - pair.sender.transport.bufferedByteCount <= 10_000 + 10_000 + 1_460)
        #expect(pair.network.run { pair.receiver.count == 1_000_000 })
        pair.network.end()
    }

    @Test(arguments: [false, true], [1, 8, 100])
    func eachOfAGroupGetsItsShare(writes: Bool, _ connections: Int) throws {
        let network = SimulatedNetwork(seed: 1)
        defer { network.end() }
        let (client, server) = (network.host("client"), network.host("server"))
        let rate = 200_000
        let limited = writes ? client : server
        let limit = writes ? RateLimit(writeRate: rate) : RateLimit(readRate: rate)
        let group = RateLimitGroup(limit, on: limited)
        var receivers: [Receiver] = []
        let port = try server.listenTCP(port: 7) {
            receivers.append(Receiver(server))
            return receivers.last
        }
        if !writes { port.rateLimitGroup = group }
        var senders: [Protocol] = []
        for _ in 0..<connections {
            let sender = Protocol()
            senders.append(sender)
            try client.connectTCP(host: "server", port: 7) { sender }
        }
        network.advance(by: .milliseconds(5))
        for sender in senders {
            if writes { sender.transport.setRateLimitGroup(group) }
            sender.transport.write([UInt8](repeating: 1, count: 4_000_000))
        }
        // The bucket itself goes to the first connection that asks.
        network.advance(by: .seconds(1))
        let before = receivers.map(\.count)
        network.advance(by: .seconds(10))
        let got = zip(receivers, before).map { $0.count - $1 }
        let total = got.reduce(0, +)
        #expect(total <= 10 * rate + 2_100 && total >= 10 * rate - 10_000, "\(total)")
        let share = Double(10 * rate / connections)
        #expect(got.allSatisfy { Double($0) >= 0.85 * share && Double($0) <= 1.15 * share }, "\(got)")
    }

    @Test func whoeverWantsLittleLeavesTheRestToTheOthers() throws {
        let network = SimulatedNetwork(seed: 1)
        defer { network.end() }
        let (client, server) = (network.host("client"), network.host("server"))
        let group = RateLimitGroup(RateLimit(readRate: 100_000), on: server)
        var receivers: [Receiver] = []
        let port = try server.listenTCP(port: 7) {
            receivers.append(Receiver(server))
            return receivers.last
        }
        port.rateLimitGroup = group
        let senders = (0..<10).map { _ in Protocol() }
        for sender in senders { try client.connectTCP(host: "server", port: 7) { sender } }
        network.advance(by: .milliseconds(5))
        #expect(group.connectionCount == 10)
        senders[0].transport.write([UInt8](repeating: 1, count: 4_000_000))
        for sender in senders.dropFirst() { sender.transport.write("little") }
        network.advance(by: .seconds(10))
        #expect(receivers.filter { $0.count == 6 }.count == 9)
        #expect((receivers.map(\.count).max() ?? 0) >= 990_000)
        receivers[0].transport.setRateLimitGroup(nil)
        #expect(group.connectionCount == 9)
    }

    @Test func aTestTransportKeepsToItsLimits() {
        let receiver = Protocol()
        let transport = TestTransport(for: receiver)
        receiver.transport.setRateLimit(RateLimit(writeRate: 1000))
        receiver.transport.write([UInt8](repeating: 1, count: 300))
        #expect(transport.written.count == 100)
        transport.advance(by: .milliseconds(100))
        #expect(transport.written.count == 200)
        transport.advance(by: .seconds(1))
        #expect(transport.written.count == 300)
    }
}
