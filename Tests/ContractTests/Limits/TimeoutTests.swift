import EventReactor
import Testing

@testable import EventReactorCore

/// Timeouts on every engine; StreamTimeoutTests checks them in virtual time, exact to the nanosecond.
@Suite("Timeouts of connections")
struct TimeoutTests {
    private static func options(_ timeouts: StreamTimeouts) -> StreamOptions {
        var options = StreamOptions.narrow
        options.timeouts = timeouts
        return options
    }

    @Test(arguments: Setting.all)
    func line33ASilentConnectionTimesOutAndThePeerSeesAnEnd(_ setting: Setting) throws {
        try setting.run { world in
            let start = world.reactor.now
            let (server, client) = try world.pair(serverOptions: TimeoutTests.options(.init(idle: .milliseconds(30))))
            server.onLost = { server, reason in
                #expect(reason.isTimedOut)
                #expect(server.transport.expiredTimeout == .idle)
                #expect(start.duration(to: world.reactor.now) >= .milliseconds(30))
                server.withoutCallbacks { $0.setTimeouts(.init(idle: .milliseconds(1))) }
            }
            client.onLost = { client, reason in
                #expect(reason.isDone)
                #expect(client.transport.expiredTimeout == nil)
            }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: Setting.all)
    func trafficInEitherDirectionKeepsAConnection(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: TimeoutTests.options(.init(idle: .seconds(1))))
            // The times of the last two rounds: a write counts from the beginning of its turn, which lies in between.
            var times: [ReactorInstant] = []
            var rounds = 0
            func round() {
                guard rounds < 15 else { return }
                rounds += 1
                if rounds % 2 == 0 { client.transport.write("x") } else { server.transport.write("y") }
                times = times.suffix(1) + [world.reactor.now]
                world.reactor.callLater(.milliseconds(100), round)
            }
            world.whenMade(server, client, then: round)
            server.onLost = { server, reason in
                #expect(reason.isTimedOut)
                #expect(rounds == 15)
                #expect(times[0].duration(to: world.reactor.now) >= .seconds(1))
            }
            world.finishWhenLost(server, client) { #expect(server.received.count == 7) }
        }
    }

    @Test(arguments: Setting.all)
    func aPeerThatReadsNothingIsDroppedByTheWriteTimeout(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(
                serverOptions: TimeoutTests.options(.init(write: .milliseconds(50))), clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { $0.transport.write(Pattern.bytes(2_000_000)) }
            server.onLost = { server, reason in
                #expect(reason.isTimedOut)
                #expect(server.transport.expiredTimeout == .write)
                client.transport.resumeReading()
            }
            world.finishWhenLost(server, client) { #expect(client.received.count < 2_000_000) }
        }
    }

    /// The reader takes some bytes now and then, which the write timeout allows: it restarts whenever the kernel takes
    /// any.
    @Test(arguments: Setting.all)
    func aSlowReaderIsKeptByTheWriteTimeoutAsLongAsItReads(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(
                serverOptions: TimeoutTests.options(.init(write: .milliseconds(800))), clientOptions: .narrow)
            // The low watermark is never reached.
            server.onMade = { server in
                server.transport.setWriteBufferLimits(high: 10_000_000, low: 0)
                server.transport.write(Pattern.bytes(1_000_000))
            }
            client.onData = { client, _ in
                client.transport.pauseReading()
                let rest = client.received.count < 600_000 ? Duration.milliseconds(50) : .zero
                world.reactor.callLater(rest) { client.transport.resumeReading() }
                if client.received.count == 1_000_000 { client.transport.loseConnection() }
            }
            world.finishWhenLost(server, client) {
                #expect(server.reason?.isDone == true)
                #expect(client.received.count == 1_000_000)
                #expect(Pattern.isFound(in: client.received))
            }
        }
    }

    @Test(arguments: Setting.all)
    func aPeerThatTricklesIsDroppedByTheReadRate(_ setting: Setting) throws {
        try setting.run { world in
            let rate = TransferRate(bytes: 100_000, per: .milliseconds(60))
            let (server, client) = try world.pair(
                serverOptions: TimeoutTests.options(.init(idle: .seconds(30), minimumReadRate: rate)))
            func trickle() {
                guard client.reason == nil else { return }
                client.transport.write("x")
                world.reactor.callLater(.milliseconds(5), trickle)
            }
            client.onMade = { _ in trickle() }
            server.onLost = { server, reason in
                #expect(reason.isTimedOut)
                #expect(server.transport.expiredTimeout == .minimumReadRate)
                #expect(server.received.count < 100_000)
            }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: Setting.all)
    func aPeerThatTakesLittleIsDroppedByTheWriteRate(_ setting: Setting) throws {
        try setting.run { world in
            let rate = TransferRate(bytes: 1_000_000_000, per: .milliseconds(60))
            let (server, client) = try world.pair(
                serverOptions: TimeoutTests.options(.init(minimumWriteRate: rate)), clientOptions: .narrow)
            server.onMade = { $0.transport.write(Pattern.bytes(50_000_000)) }
            client.onData = { client, _ in
                client.transport.pauseReading()
                world.reactor.callLater(.milliseconds(2)) { client.transport.resumeReading() }
            }
            server.onLost = { server, reason in
                #expect(reason.isTimedOut)
                #expect(server.transport.expiredTimeout == .minimumWriteRate)
            }
            world.finishWhenLost(server, client) { #expect(client.received.count < 50_000_000) }
        }
    }

    @Test(arguments: Setting.all)
    func timeoutsOutliveMarksAndEndWithTheConnection(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(
                serverOptions: TimeoutTests.options(.init(idle: .seconds(30), write: .seconds(30))),
                clientOptions: TimeoutTests.options(.init(read: .seconds(30))))
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                server.transport.write(Pattern.bytes(500_000))
                server.transport.setTimeouts(.none)
                server.transport.setTimeouts(.init(write: .seconds(20)))
                server.transport.setWriteBufferLimits(high: 1000, low: 10)
                #expect(world.reactor.timeouts.count == 2 || client.calls.isEmpty)
                client.transport.resumeReading()
                world.wait(until: { !client.calls.isEmpty }) { client.transport.resumeReading() }
                server.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(client.received.count == 500_000)
                #expect(server.reason?.isDone == true && client.reason?.isDone == true)
                #expect(world.reactor.timeouts.count == 0)
                #expect(world.reactor.timeouts.policyCount <= 2)
            }
        }
    }

    @Test(arguments: Setting.all)
    func aStopEndsTimeoutsAndALaterRunHasNewOnes(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        for _ in 0..<2 {
            let timeouts = StreamTimeouts(idle: .seconds(3600), minimumReadRate: .init(bytes: 1, per: .seconds(3600)))
            let (server, client) = try world.pair(
                serverOptions: TimeoutTests.options(timeouts), clientOptions: TimeoutTests.options(timeouts))
            world.reactor.callSoon {
                world.whenMade(server, client) {
                    #expect(world.reactor.timeouts.count == 2)
                    world.finish()
                }
            }
            try world.run()
            #expect(server.reason?.isReactorStopped == true && client.reason?.isReactorStopped == true)
            #expect(world.reactor.timeouts.count == 0)
        }
    }

    @Test(arguments: Setting.reactors)
    func line15CommonTimeoutsAreCalledOnceNoneTooEarlyAndThoseReArmedLater(_ setting: Setting) throws {
        try setting.run { world in
            let common = world.reactor.commonTimeout(.milliseconds(60))
            #expect(common.duration == .milliseconds(60))
            var called = 0
            var armed: [ArmedTimeout] = []
            world.reactor.callSoon {
                let start = world.reactor.now
                for _ in 0..<1000 {
                    armed.append(
                        common.arm {
                            called += 1
                            #expect(start.duration(to: world.reactor.now) >= .milliseconds(60))
                        })
                }
                for timeout in armed.prefix(100) { #expect(timeout.cancel() && !timeout.cancel()) }
                world.reactor.callLater(.milliseconds(20)) {
                    let later = world.reactor.now
                    // A re-armed timeout counts from the beginning of its turn, which comes after that.
                    world.reactor.callSoon {
                        // On a machine that was held up all may have been called already.
                        let rearmed = armed.suffix(100).filter { $0.isActive }
                        for timeout in rearmed { #expect(timeout.rearm()) }
                        world.wait(until: { !armed.contains { $0.isActive } }) {
                            #expect(called == 900)
                            #expect(rearmed.isEmpty || later.duration(to: world.reactor.now) >= .milliseconds(60))
                            #expect(armed.allSatisfy { !$0.rearm() })
                            world.finish()
                        }
                    }
                }
            }
        }
    }

    /// A million are looked at together about once in their time; between, re-arming moves nothing.
    @Test(arguments: Setting.reactors)
    func line15AMillionIdleTimeoutsAreReArmedWithoutMovingAny(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let idle = world.reactor.commonTimeout(.seconds(3600))
        let timeouts = (0..<1_000_000).map { _ in idle.arm { Issue.record("called within the hour") } }
        #expect(world.reactor.timers.count == 1)
        world.reactor.callSoon {
            for _ in 0..<5 {
                for timeout in timeouts where !timeout.rearm() { Issue.record("not armed") }
            }
            #expect(world.reactor.timeouts.lookCount == 0)
            world.finish()
        }
        try world.run()
        for timeout in timeouts where !timeout.cancel() { Issue.record("not armed") }
        #expect(world.reactor.timeouts.count == 0 && world.reactor.timers.count == 0)
    }
}
