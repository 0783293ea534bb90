import EventReactor
import Testing

@Suite("Rate limits of connections and groups")
struct ThrottlingTests {
    /// Never more bytes pass than the limit allows: a bound that does not depend on the machine's speed.
    private struct Account {
        let began: ReactorInstant
        let limit: Int
        let burst: Int

        func check(_ passed: Int, at now: ReactorInstant) {
            let nanoseconds = Double(began.duration(to: now) / .nanoseconds(1))
            let allowed = Double(burst) + Double(limit) * nanoseconds / 1e9
            #expect(Double(passed) <= allowed + 1, "\(passed) bytes passed, and \(Int(allowed)) were allowed")
        }
    }

    @Test(arguments: Setting.all)
    func readingKeepsToTheRateAndLosesNothing(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            var options = StreamOptions()
            options.rateLimit = RateLimit(readRate: 1_000_000)
            let (server, client) = try world.pair(serverOptions: options)
            let account = Account(began: reactor.now, limit: 1_000_000, burst: 100_000)
            client.onMade = { client in
                client.transport.write(Pattern.bytes(300_000))
                client.transport.loseConnection()
            }
            server.onData = { server, _ in account.check(server.received.count, at: reactor.now) }
            server.onLost = { server, reason in
                #expect(reason.isDone)
                let isComplete = server.received == Pattern.bytes(300_000)
                #expect(isComplete, "got \(server.received.count)")
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.all)
    func writingKeepsToTheRateAndLosesNothing(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            let (server, client) = try world.pair()
            let account = Account(began: reactor.now, limit: 1_000_000, burst: 100_000)
            client.onMade = { client in
                #expect(client.transport.setRateLimit(RateLimit(writeRate: 1_000_000)))
                // In pieces of all sizes, some of which are gathered and some sent by themselves.
                var rest = Pattern.bytes(300_000)[...]
                for size in [1, 100, 20_000, 7, 90_000, 3] {
                    client.transport.write(Array(rest.prefix(size)))
                    rest = rest.dropFirst(size)
                }
                client.transport.write(contentsOf: [Array(rest.prefix(50_000)), Array(rest.dropFirst(50_000))])
                #expect(client.transport.bufferedByteCount >= 150_000)
                client.transport.loseConnection()
            }
            server.onData = { server, _ in account.check(server.received.count, at: reactor.now) }
            server.onLost = { server, _ in
                let isComplete = server.received == Pattern.bytes(300_000)
                #expect(isComplete, "got \(server.received.count)")
                world.finish()
            }
        }
    }

    /// Its peer has sent all and gone, and the server finds that out as it writes: over loopback the first write brings a
    /// reset, and the second fails, unless the reset is reported before.
    @Test(arguments: Setting.all.filter(\.isOnKernel), 1...2)
    func bytesThatALimitHoldsUpAreDeliveredThoughSendingFails(_ setting: Setting, writes: Int) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { server in
                #expect(server.transport.setRateLimit(RateLimit(readRate: 1000)))
                server.transport.write("ready")
            }
            client.onData = { client, _ in
                client.onData = { _, _ in }
                client.transport.write(Pattern.bytes(50_000))
                client.transport.loseConnection()
            }
            client.onLost = { _, _ in
                for _ in 0..<writes { server.transport.write([UInt8](repeating: 0, count: 20_000)) }
            }
            server.onLost = { server, reason in
                let isComplete = server.received == Pattern.bytes(50_000)
                #expect(isComplete, "got \(server.received.count), \(reason)")
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.all)
    func aGroupSharesOneLimitAndEachGetsItsBytes(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            let group = RateLimitGroup(RateLimit(readRate: 1_000_000), on: reactor)
            let account = Account(began: reactor.now, limit: 1_000_000, burst: 100_000)
            var total = 0
            var rest = 6
            let port = try world.listen {
                let server = Recorder("server")
                server.onData = { server, data in
                    total += data.count
                    account.check(total, at: reactor.now)
                    // Not the client: where sending fails since it has gone, what had arrived is delivered at once.
                    if server.received.count == 50_000 { server.transport.loseConnection() }
                }
                server.onLost = { server, reason in
                    let isComplete = server.received == Pattern.bytes(50_000)
                    #expect(isComplete && reason.isDone, "got \(server.received.count), \(reason)")
                    rest -= 1
                    if rest == 0 {
                        #expect(group.connectionCount == 0)
                        world.finish()
                    }
                }
                return server
            }
            port.rateLimitGroup = group
            for _ in 0..<6 {
                let client = Recorder("client")
                client.onMade = { $0.transport.write(Pattern.bytes(50_000)) }
                try world.connect(to: port.localAddress) { client }
            }
        }
    }

    @Test(arguments: Setting.all)
    func bothDirectionsAndBothLimitsHoldAtOnce(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            let group = RateLimitGroup(RateLimit(readRate: 600_000, writeRate: 600_000), on: reactor)
            let account = Account(began: reactor.now, limit: 500_000, burst: 50_000)
            var options = ListenOptions()
            options.stream.rateLimit = RateLimit(readRate: 500_000, writeRate: 500_000)
            let server = Recorder("server")
            let port = try world.listen(options: options) { server }
            port.rateLimitGroup = group
            let client = Recorder("client")
            try world.connect(to: port.localAddress) { client }
            server.onData = { server, data in
                account.check(server.received.count, at: reactor.now)
                server.transport.write(data)
            }
            client.onMade = { $0.transport.write(Pattern.bytes(150_000)) }
            client.onData = { client, _ in
                account.check(client.received.count, at: reactor.now)
                guard client.received.count == 150_000 else { return }
                let isSame = client.received == Pattern.bytes(150_000)
                #expect(isSame)
                client.transport.loseConnection()
            }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: Setting.all)
    func whatWaitsForTokensCountsAsBufferedAndIsToldOf(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { client in
                client.transport.setRateLimit(RateLimit(writeRate: 1_000_000, burst: 16_384))
                client.transport.write(Pattern.bytes(250_000))
            }
            client.onPause = { #expect($0.transport.bufferedByteCount > 64 * 1024) }
            client.onResume = { client in
                #expect(client.transport.bufferedByteCount <= 16 * 1024)
                client.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(client.calls.filter { $0 == "pause" || $0 == "resume" } == ["pause", "resume"])
                #expect(server.received.count == 250_000)
            }
        }
    }

    @Test(arguments: Setting.all)
    func theWriteLimitHoldsForWhatWaitsForTokens(_ setting: Setting) throws {
        try setting.run { world in
            var options = StreamOptions()
            options.rateLimit = RateLimit(writeRate: 10)
            options.writeBufferLimit = 10_000
            let (server, client) = try world.pair(clientOptions: options)
            client.onMade = { client in
                client.transport.write(Pattern.bytes(5_000))
                client.transport.write(Pattern.bytes(5_002))
            }
            client.onLost = { _, reason in #expect(reason.failure is WriteLimitExceeded) }
            world.finishWhenLost(server, client)
        }
    }

    // The end of a UNIX peer is behind its bytes, and these keep to the rate.
    @Test(arguments: Setting.withReset, ["abort", "lose", "error"])
    func aConnectionEndsAtOnceWhileItWaitsForTokens(_ setting: Setting, _ how: String) throws {
        try setting.run { world in
            let reactor = world.reactor
            let group = RateLimitGroup(RateLimit(readRate: 10, writeRate: 10), on: reactor)
            let (server, client) = try world.pair()
            server.onMade = { server in
                server.transport.setRateLimitGroup(group)
                server.transport.setRateLimit(RateLimit(readRate: 10, writeRate: 10))
                #expect(group.connectionCount == 1)
                server.transport.write(Pattern.bytes(100_000))
            }
            client.onMade = { $0.transport.write(Pattern.bytes(100_000)) }
            server.onData = { server, _ in
                #expect(server.received.count == 1)
                world.afterTurns(4) {
                    switch how {
                    case "abort": server.transport.abortConnection()
                    case "lose": server.transport.loseConnection(within: .milliseconds(20))
                    default: client.transport.abortConnection()
                    }
                }
            }
            world.finishWhenLost(server, client) {
                #expect(group.connectionCount == 0)
                #expect(server.transport.bufferedByteCount == 0)
            }
        }
    }

    @Test(arguments: Setting.all)
    func pausesAndLimitsGoTogether(_ setting: Setting) throws {
        try setting.run { world in
            var options = StreamOptions()
            options.rateLimit = RateLimit(readRate: 2_000_000)
            let (server, client) = try world.pair(serverOptions: options)
            client.onMade = { client in
                client.transport.write(Pattern.bytes(400_000))
                client.transport.loseConnection()
            }
            var isPaused = false
            server.onData = { server, _ in
                #expect(!isPaused)
                isPaused = true
                server.transport.pauseReading()
                world.afterTurns(2) {
                    isPaused = false
                    server.transport.resumeReading()
                }
            }
            world.finishWhenLost(server, client) {
                let isComplete = server.received == Pattern.bytes(400_000)
                #expect(isComplete)
            }
        }
    }

    @Test(arguments: Setting.all)
    func aLimitThatEndsLetsEverythingGo(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { $0.transport.setRateLimit(RateLimit(readRate: 10, writeRate: 10)) }
            client.onMade = { client in
                client.transport.setRateLimit(RateLimit(readRate: 10, writeRate: 10))
                client.transport.write(Pattern.bytes(500_000))
                // Long before the last of it has passed at this rate.
                world.afterTurns(20) {
                    server.transport.setRateLimit(nil)
                    client.transport.setRateLimit(nil)
                    client.transport.loseConnection()
                }
            }
            world.finishWhenLost(server, client) {
                let isComplete = server.received == Pattern.bytes(500_000)
                #expect(isComplete && client.transport.bufferedByteCount == 0)
                #expect(!client.transport.setRateLimit(RateLimit()))
            }
        }
    }

    @Test(arguments: Setting.all, [Int.min, -1, 0, 1, 9, 10, Int.max, nil])
    func oddRatesAreTakenForTheNearestThatWorks(_ setting: Setting, _ rate: Int?) throws {
        for burst in [Int.min, 0, 3, Int.max] {
            try setting.run { world in
                var options = StreamOptions()
                options.rateLimit = RateLimit(readRate: rate, writeRate: rate, burst: burst)
                let (server, client) = try world.pair(serverOptions: options, clientOptions: options)
                client.onMade = { client in
                    client.transport.write("x")
                    client.transport.loseConnection()
                }
                world.finishWhenLost(server, client) { #expect(server.received.count == 1) }
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func aGroupOfAnotherReactorIsRefused(_ setting: Setting) throws {
        let other = try setting.makeWorld()
        defer { other.end() }
        try setting.run { world in
            let group = RateLimitGroup(RateLimit(readRate: 10), on: other.reactor)
            let (server, client) = try world.pair()
            client.onMade = { client in
                #expect(!client.transport.setRateLimitGroup(group))
                #expect(client.transport.setRateLimitGroup(nil))
                client.transport.loseConnection()
            }
            world.finishWhenLost(server, client)
        }
    }
}
