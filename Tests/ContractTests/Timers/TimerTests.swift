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
                // It counts as fired while it is being called.
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
        var calls: [(delay: Int, call: DelayedCall)] = []
        try setting.run { world in
            let begin = world.reactor.now
            for delay in delays {
                calls.append((delay, world.reactor.callLater(.milliseconds(delay)) { fired.append(delay) }))
            }
            // A negative delay counts as none.
            #expect(calls.allSatisfy { $0.call.deadline >= begin })
            let last = calls.map(\.call.deadline).max() ?? begin
            world.reactor.callLater(begin.duration(to: last) + .milliseconds(1)) { world.finish() }
        }
        #expect(fired == inOrder(calls.map { ($0.delay, $0.call.deadline) }))
    }

    @Test(arguments: Setting.reactors)
    func line10EqualDeadlinesFireInOrderOfCreation(_ setting: Setting) throws {
        var fired: [Int] = []
        try setting.run { world in
            var calls: [DelayedCall] = []
            for number in 0..<100 {
                calls.append(world.reactor.callLater(.milliseconds(100 - number)) { fired.append(number) })
            }
            let deadline = try #require(calls.map(\.deadline).max())
            // Moved to the same instant, in an order of their own.
            for call in calls.reversed() { #expect(call.delay(by: call.deadline.duration(to: deadline))) }
            #expect(calls.allSatisfy { $0.deadline == deadline })
            world.reactor.callLater(world.reactor.now.duration(to: deadline) + .milliseconds(1)) { world.finish() }
        }
        #expect(fired == Array(0..<100))
    }

    @Test(arguments: Setting.reactors)
    func line10ResetAndDelayMoveATimerEarlierAndLater(_ setting: Setting) throws {
        var fired: [String] = []
        var calls: [(name: String, call: DelayedCall)] = []
        try setting.run { world in
            let reactor = world.reactor
            func call(_ name: String, _ milliseconds: Int) -> DelayedCall {
                let call = reactor.callLater(.milliseconds(milliseconds)) { fired.append(name) }
                calls.append((name, call))
                return call
            }
            func expect(_ call: DelayedCall, dueIn milliseconds: Int, _ move: (DelayedCall) -> Bool) {
                let before = reactor.now
                #expect(move(call))
                #expect(call.isActive)
                let (earliest, latest) = (before, reactor.now)
                #expect(call.deadline >= earliest.advanced(by: .milliseconds(milliseconds)))
                #expect(call.deadline <= latest.advanced(by: .milliseconds(milliseconds)))
            }
            expect(call("reset later", 1), dueIn: 20) { $0.reset(to: .milliseconds(20)) }
            expect(call("reset earlier", 50_000), dueIn: 5) { $0.reset(to: .milliseconds(5)) }
            expect(call("hastened past now", 50_000), dueIn: 0) { $0.delay(by: .seconds(-100)) }
            let delayed = call("delayed", 1)
            let hastened = call("hastened", 50_000)
            let due = (delayed.deadline, hastened.deadline)
            #expect(delayed.delay(by: .milliseconds(24)))
            #expect(hastened.delay(by: .milliseconds(-49_000)))
            #expect(due.0.duration(to: delayed.deadline) == .milliseconds(24))
            #expect(due.1.duration(to: hastened.deadline) == .milliseconds(-49_000))
            #expect(hastened.reset(to: .milliseconds(10)))
            _ = call("unmoved", 15)
            let last = calls.map(\.call.deadline).max() ?? reactor.now
            reactor.callLater(reactor.now.duration(to: last) + .milliseconds(1)) { world.finish() }
        }
        // In the order in which they are due: a busy machine may be slow to set them.
        #expect(fired == inOrder(calls.map { ($0.name, $0.call.deadline) }))
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
                #expect(later?.reset(to: .milliseconds(10)) == true)
                #expect(sooner?.reset(to: .zero) == true)
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

    /// Timers fire by deadline, and those of one deadline in order of creation.
    private func inOrder<Name>(_ calls: [(name: Name, deadline: ReactorInstant)]) -> [Name] {
        calls.enumerated()
            .sorted { ($0.element.deadline, $0.offset) < ($1.element.deadline, $1.offset) }
            .map(\.element.name)
    }
}
