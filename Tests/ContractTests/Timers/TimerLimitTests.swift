import EventReactor
import TestSupport
import Testing

@testable import EventReactorCore

@Suite("Contract 11, 12, 15: timers at their limits")
struct TimerLimitTests {
    // MARK: 11

    @Test(arguments: Setting.all)
    func line11ATimerThatSetsItselfWithNoDelayStarvesNeitherBytesNorTimers(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var spins = 0
        func spin() {
            spins += 1
            world.reactor.callLater(.zero, spin)
        }
        spin()
        try world.runPingPong(100)
        #expect(spins > 1)
    }

    @Test(arguments: Setting.reactors)
    func line11TimersThatSetThemselvesIntoThePastStarveNoOther(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        func spin() { world.reactor.callLater(.zero, spin).delay(by: .seconds(-1)) }
        spin()
        world.reactor.callLater(.milliseconds(1)) {
            world.reactor.callSoon { world.finish() }
        }
        try world.run()
    }

    @Test(arguments: Setting.reactors)
    func line11ATimerWithNoDelayRunsInTheNextTurnInOrder(_ setting: Setting) throws {
        var turns: [UInt64] = []
        try setting.run { world in
            func again() {
                turns.append(world.reactor.turnNumber)
                if turns.count == 5 { world.finish() } else { world.reactor.callLater(.zero, again) }
            }
            again()
        }
        #expect(zip(turns, turns.dropFirst()).allSatisfy { $0 < $1 }, "\(turns)")
    }

    @Test(arguments: Setting.reactors)
    func line11DelaysOfCenturiesBreakNothing(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            let longest = Duration(attoseconds: .max)
            let delays: [Duration] = [.seconds(Int64.max), .seconds(4_000_000_000), .nanoseconds(Int64.max), longest]
            let calls = delays.map { delay in reactor.callLater(delay) { Issue.record("fired after \(delay)") } }
            for call in calls {
                #expect(call.delay(by: .seconds(Int64.max)))
                #expect(call.delay(by: longest))
                #expect(call.reset(to: .seconds(Int64.max)))
            }
            let negative: [Duration] = [.seconds(Int64.min), .seconds(-1), Duration(attoseconds: .min)]
            var fired = 0
            for delay in negative { reactor.callLater(delay) { fired += 1 } }
            let hastened = reactor.callLater(.seconds(1_000_000)) { fired += 1 }
            #expect(hastened.delay(by: Duration(attoseconds: .min)))
            reactor.callLater(.milliseconds(2)) {
                #expect(fired == 4)
                #expect(calls.allSatisfy { $0.isActive })
                for call in calls { #expect(call.cancel()) }
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func line11AReactorWithOnlyDistantTimersWakesForANearOne(_ setting: Setting) throws {
        try setting.run { world in
            world.reactor.callLater(.seconds(Int64.max)) { Issue.record("the end of time") }
            world.reactor.callLater(.milliseconds(5)) {
                // Set after the one that the engine waits for, and due before it.
                world.reactor.callLater(.milliseconds(5)) { world.finish() }
            }
        }
    }

    // MARK: 12

    @Test(arguments: Setting.kernelReactors)
    func line12TheClockIsTheMonotonicOne(_ setting: Setting) throws {
        let reactor = try setting.makeWorld().reactor
        // The reactor's clock is the system's monotonic clock, so no step of the wall clock is in it.
        for _ in 0..<100 {
            let before = SystemClock.monotonic
            let now = reactor.now.nanoseconds
            #expect(before <= now)
            #expect(now <= SystemClock.monotonic)
        }
    }

    @Test(arguments: Setting.reactors)
    func line12NowNeverGoesBack(_ setting: Setting) throws {
        try setting.run { world in
            var last = world.reactor.now
            var turns = 0
            func look() {
                let now = world.reactor.now
                #expect(now >= last)
                last = now
                turns += 1
                if turns == 1000 { world.finish() } else { world.reactor.callSoon(look) }
            }
            look()
        }
    }

    // MARK: 15

    @Test(arguments: Setting.reactors)
    func line15AMillionTimersSetAndCancelledLeaveNothing(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var generator = Numbers(seed: 15)
        var calls: [DelayedCall] = []
        calls.reserveCapacity(1_000_000)
        for _ in 0..<1_000_000 {
            let delay = Duration.microseconds(Int64(generator.next() % 1_000_000_000) + 60_000_000)
            calls.append(world.reactor.callLater(delay) { Issue.record("a cancelled timer fired") })
        }
        // Half in order of creation, half in another.
        var cancelled = 0
        for call in calls.prefix(500_000) where call.cancel() { cancelled += 1 }
        for call in calls.suffix(500_000).shuffled(using: &generator) where call.cancel() { cancelled += 1 }
        #expect(cancelled == 1_000_000)
        #expect(world.reactor.timers.count == 0)
        world.reactor.callLater(.zero) { world.finish() }
        try world.run()
        #expect(!calls.contains { $0.isActive })
    }

    @Test(arguments: Setting.reactors)
    func line15AThousandIdleTimeoutsResetForEachMessageFireOnce(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var fired = 0
        let calls = (0..<1000).map { _ in world.reactor.callLater(.seconds(1000)) { fired += 1 } }
        var rounds = 0
        func message() {
            rounds += 1
            // The last message is followed by silence.
            let timeout: Duration = rounds < 20 ? .seconds(1000) : .milliseconds(1)
            for call in calls { #expect(call.reset(to: timeout)) }
            if rounds < 20 {
                world.reactor.callSoon(message)
            } else {
                world.reactor.callLater(.milliseconds(2)) { world.finish() }
            }
        }
        message()
        try world.run()
        #expect(fired == 1000)
    }
}
