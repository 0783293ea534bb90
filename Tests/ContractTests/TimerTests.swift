import EventReactor
import Glibc
import Testing

@Suite("Contract 9-12, 15: timers")
struct TimerTests {
    // MARK: 9

    @Test(arguments: Setting.reactors)
    func line09CancelledTimerNeverFires(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            let early = reactor.callLater(.zero) { Issue.record("fired before the run") }
            #expect(early.cancel())
            #expect(!early.isActive)
            // Due at the same time as the one that cancels them, before it and after it in order.
            var others: [DelayedCall] = []
            reactor.callLater(.milliseconds(1)) {
                for other in others { #expect(other.cancel()) }
            }
            others = (0..<10).map { _ in
                reactor.callLater(.milliseconds(1)) { Issue.record("a cancelled timer fired") }
            }
            reactor.callLater(.milliseconds(10)) { world.finish() }
        }
    }

    @Test(arguments: Setting.reactors)
    func line09AFinishedTimerSaysSo(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            var fired = 0
            var inside: DelayedCall?
            inside = reactor.callLater(.milliseconds(1)) {
                fired += 1
                // It has fired as soon as it is being called.
                expectFinished(inside)
            }
            let cancelled = reactor.callLater(.zero) { Issue.record("a cancelled timer fired") }
            #expect(cancelled.isActive)
            #expect(cancelled.cancel())
            expectFinished(cancelled)
            reactor.callLater(.milliseconds(3)) {
                #expect(fired == 1)
                expectFinished(inside)
                world.finish()
            }
        }
        func expectFinished(_ call: DelayedCall?) {
            #expect(call?.isActive == false)
            #expect(call?.cancel() == false)
            #expect(call?.reset(to: .zero) == false)
            #expect(call?.delay(by: .zero) == false)
            #expect(call?.isActive == false)
        }
    }

    @Test(arguments: Setting.reactors)
    func line09ATimerMayOutliveItsReactor(_ setting: Setting) throws {
        var world: World? = try setting.makeWorld()
        let call = try #require(world?.reactor.callLater(.seconds(1)) { Issue.record("called without a run") })
        world = nil
        #expect(!call.isActive)
        #expect(!call.cancel())
        #expect(!call.reset(to: .zero))
        #expect(!call.delay(by: .zero))
    }

    @Test(arguments: Setting.reactors)
    func line09AFinishedTimerLetsGoOfWhatItCaptured(_ setting: Setting) throws {
        final class Thing {}
        try setting.run { world in
            weak var ofFired: Thing?
            weak var ofCancelled: Thing?
            let calls = makeCalls(world.reactor, &ofFired, &ofCancelled)
            #expect(calls.1.cancel())
            world.reactor.callLater(.milliseconds(1)) {
                #expect(!calls.0.isActive)
                #expect(ofFired == nil)
                #expect(ofCancelled == nil)
                world.finish()
            }
        }
        func makeCalls(
            _ reactor: ReactorBase, _ fired: inout Thing?, _ cancelled: inout Thing?
        ) -> (DelayedCall, DelayedCall) {
            let things = (Thing(), Thing())
            (fired, cancelled) = things
            return (reactor.callLater(.zero) { _ = things.0 }, reactor.callLater(.zero) { _ = things.1 })
        }
    }

    // MARK: 10

    @Test(arguments: Setting.reactors)
    func line10TimersFireInOrderOfDeadline(_ setting: Setting) throws {
        let delays = [5, 1, 4, 0, 3, 2, 6, -1]
        var fired: [Int] = []
        var calls: [(delay: Int, deadline: ReactorInstant)] = []
        try setting.run { world in
            for delay in delays {
                let call = world.reactor.callLater(.milliseconds(delay * 2)) {
                    fired.append(delay)
                    if fired.count == delays.count { world.finish() }
                }
                calls.append((delay, call.deadline))
            }
            // A negative delay counts as none.
            #expect(calls[7].deadline <= world.reactor.now)
        }
        // By the deadlines themselves: on a busy machine a while may pass between two calls.
        #expect(fired == calls.sorted { $0.deadline < $1.deadline }.map(\.delay))
    }

    @Test(arguments: Setting.reactors)
    func line10EqualDeadlinesFireInOrderOfCreation(_ setting: Setting) throws {
        var fired: [Int] = []
        try setting.run { world in
            var calls: [DelayedCall] = []
            for number in 0..<100 {
                let call = world.reactor.callLater(.seconds(100 - number)) {
                    fired.append(number)
                    if fired.count == 100 { world.finish() }
                }
                calls.append(call)
            }
            #expect(calls[0].reset(to: .seconds(1)))
            let deadline = try #require(calls.first).deadline
            // Moved to the same instant, in an order of their own.
            for call in calls.reversed() { #expect(call.delay(by: call.deadline.duration(to: deadline))) }
            #expect(calls.allSatisfy { $0.deadline == deadline })
        }
        #expect(fired == Array(0..<100))
    }

    @Test(arguments: Setting.reactors)
    func line10ResetAndDelayMoveATimerEarlierAndLater(_ setting: Setting) throws {
        var fired: [String] = []
        var calls: [String: DelayedCall] = [:]
        var deadlines: [(name: String, deadline: ReactorInstant)] = []
        try setting.run { world in
            let reactor = world.reactor
            func call(_ name: String, _ delay: Duration) -> DelayedCall {
                let made = reactor.callLater(delay) {
                    fired.append(name)
                    if fired.count == calls.count { world.finish() }
                }
                calls[name] = made
                return made
            }
            let start = reactor.now
            #expect(call("reset later", .milliseconds(1)).reset(to: .milliseconds(20)))
            #expect(call("delayed", .milliseconds(1)).delay(by: .milliseconds(24)))
            #expect(call("reset earlier", .seconds(50)).reset(to: .milliseconds(5)))
            #expect(call("hastened", .seconds(50)).delay(by: .milliseconds(-49_990)))
            #expect(call("hastened past now", .seconds(50)).delay(by: .seconds(-100)))
            _ = call("unmoved", .milliseconds(15))
            // By the deadlines themselves: on a busy machine a while may pass between two calls.
            deadlines = calls.map { ($0.key, $0.value.deadline) }.sorted { $0.deadline < $1.deadline }
            func isDue(_ name: String, after delay: Duration) {
                #expect(calls[name].map { $0.deadline >= start.advanced(by: delay) } == true, "\(name)")
                #expect(calls[name].map { $0.deadline <= reactor.now.advanced(by: delay) } == true, "\(name)")
            }
            isDue("reset later", after: .milliseconds(20))
            isDue("delayed", after: .milliseconds(25))
            isDue("reset earlier", after: .milliseconds(5))
            isDue("hastened", after: .milliseconds(10))
            isDue("hastened past now", after: .zero)
        }
        #expect(fired == deadlines.map(\.name))
    }

    @Test(arguments: Setting.reactors)
    func line10TimersCanBeMovedInTimers(_ setting: Setting) throws {
        var fired: [String] = []
        try setting.run { world in
            let reactor = world.reactor
            var later: DelayedCall?
            var sooner: DelayedCall?
            reactor.callLater(.milliseconds(1)) {
                fired.append("mover")
                #expect(sooner?.reset(to: .zero) == true)
                #expect(later?.reset(to: .milliseconds(10)) == true)
            }
            later = reactor.callLater(.milliseconds(1)) {
                fired.append("later")
                world.finish()
            }
            sooner = reactor.callLater(.seconds(3600)) { fired.append("sooner") }
        }
        #expect(fired == ["mover", "sooner", "later"])
    }

    @Test(arguments: Setting.reactors)
    func line10ATimerNeverFiresBeforeItsDeadline(_ setting: Setting) throws {
        try setting.run { world in
            var left = 50
            for number in 0..<50 {
                var call: DelayedCall?
                call = world.reactor.callLater(.microseconds(number * 137)) {
                    guard let deadline = call?.deadline else { return }
                    #expect(world.reactor.now >= deadline)
                    left -= 1
                    if left == 0 { world.finish() }
                }
            }
        }
    }
}
