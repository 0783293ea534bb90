import EventReactor
import EventReactorTesting
import Testing

/// Limits and marks that change while something waits to be sent.
@Suite("Limits that change while something waits")
struct LimitChangeTests {
    private static let some = Setting.all.filter { $0.transport == .tcp4 || $0.transport == .simulated }

    @Test(arguments: some, [false, true])
    func aLimitLiftedByTheCompletionOfAFileHoldsNothingBack(_ setting: Setting, closes: Bool) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            let file = try PatternFile(world, 50_000)
            server.onMade = { server in
                _ = server.transport.setRateLimit(RateLimit(writeRate: 1_000_000))
                try server.transport.sendFile(file.open()) { [unowned server] _ in
                    _ = server.transport.setRateLimit(nil)
                }
                if closes { server.transport.loseConnection() }
            }
            if !closes {
                client.onData = { client, _ in
                    if client.received.count == 50_000 { client.transport.write("next") }
                }
                server.onData = { server, _ in
                    server.transport.write("tail")
                    server.onData = { server, _ in }
                }
                world.wait(until: { client.received.count == 50_004 }) { client.transport.abortConnection() }
            }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: some)
    func aLimitSetInACallbackDoesNotStopAFileThatWaitsForRoom(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let file = try PatternFile(world, 3_000_000)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                try server.transport.sendFile(file.open()) { [unowned server] _ in server.transport.loseConnection() }
            }
            server.onData = { server, _ in
                _ = server.transport.setRateLimit(RateLimit(writeRate: 100_000_000))
            }
            world.whenMade(server, client) {
                world.settle {
                    client.transport.write("slow down")
                    world.settle { client.transport.resumeReading() }
                }
            }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: some)
    func liftingALimitInACallbackResumesWriting(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { server in
                _ = server.transport.setRateLimit(RateLimit(writeRate: 10))
                server.transport.write(Pattern.bytes(100_000))
            }
            server.onResume = { $0.transport.loseConnection() }
            server.onData = { server, _ in
                #expect(server.calls.contains("pause"))
                _ = server.transport.setRateLimit(nil)
            }
            world.whenMade(server, client) {
                world.settle { client.transport.write("go") }
            }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: some)
    func aRaisedLowMarkHoldsAtOnceForWhatWaits(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in server.transport.write(Pattern.bytes(1_000_000)) }
            var waitingAtResume = -1
            server.onResume = { server in
                waitingAtResume = server.transport.bufferedByteCount
                server.transport.abortConnection()
            }
            world.whenMade(server, client) {
                world.settle {
                    server.transport.setWriteBufferLimits(high: 600_000, low: 500_000)
                    client.transport.resumeReading()
                }
            }
            world.finishWhenLost(server, client) { #expect(waitingAtResume > 200_000, "resumed at \(waitingAtResume)") }
        }
    }

    @Test(arguments: some)
    func aLimitSetInACallbackDoesNotStopARelayThatWaitsForRoom(_ setting: Setting) throws {
        try setting.run { world in
            let (a, source) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onData = { server, _ in
                _ = server.transport.setRateLimit(RateLimit(writeRate: 100_000_000))
            }
            world.whenMade(a, source, server, client) {
                _ = try? a.transport.relay(to: server.transport)
                source.transport.write(Pattern.bytes(3_000_000))
                source.transport.loseConnection()
                world.settle {
                    client.transport.write("slow down")
                    world.settle { client.transport.resumeReading() }
                }
            }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: some)
    func theDeadlineOfClosingDoesNotSendWhatWaitsForTokens(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { server in
                _ = server.transport.setRateLimit(RateLimit(writeRate: 1000))
                server.transport.write(Pattern.bytes(100_000))
                server.transport.loseConnection(within: .milliseconds(300))
            }
            client.closesWithPeer = true
            world.finishWhenLost(server, client) {
                #expect(client.received.count < 5000, "\(setting) got \(client.received.count)")
            }
        }
    }
}
