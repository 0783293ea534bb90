import Testing

@testable import EventReactorCore

/// Common timeouts of a reactor that is late, or that has many due at once.
@Suite struct CommonTimeoutBacklogTests {
    @Test func manyThatAreDueAtOnceAreCalledOverSeveralTurns() {
        let manual = ManualTimeouts()
        let second = manual.common(1_000_000_000)
        var called = 0
        for _ in 0..<10_000 { second.arm { called += 1 } }
        manual.time += 1_000_000_000
        manual.turn()
        #expect(called > 0 && called < 10_000)
        for _ in 0..<3 { manual.turn() }
        #expect(called == 10_000)
    }

    @Test func aBacklogIsNoLatenessOfTheReactor() {
        let manual = ManualTimeouts()
        let second = manual.common(1_000_000_000)
        var called = 0
        for _ in 0..<1000 {
            second.arm {
                called += 1
                manual.time += 1_000_000
            }
        }
        manual.time += 1_000_000_000
        let due = manual.time
        while called < 1000, let next = manual.queue.nextDeadline {
            manual.time = max(manual.time, next.nanoseconds)
            manual.turn()
        }
        // A second's worth of calls, and no wait for signs of life in between.
        #expect(manual.time - due == 1_000_000_000)
    }

    @Test func aBacklogHoldsUpNoTimerAndOneOfTimersNoTimeout() {
        let manual = ManualTimeouts()
        let second = manual.common(1_000_000_000)
        var called = 0
        for _ in 0..<20_000 { second.arm { called += 1 } }
        manual.time += 1_000_000_000
        manual.turn()
        #expect(called < 20_000)
        var fired = false
        manual.time += 1
        _ = manual.queue.add(at: ReactorInstant(nanoseconds: manual.time)) { fired = true }
        manual.turn()
        #expect(fired && called < 20_000)
        while manual.board.count > 0 { manual.turn() }
        // The other way round.
        var rest = 20_000
        for _ in 0..<rest { _ = manual.queue.add(at: ReactorInstant(nanoseconds: manual.time)) { rest -= 1 } }
        var isOver = false
        manual.common(1).arm { isOver = true }
        manual.time += 1
        manual.turn()
        #expect(isOver && rest > 0)
    }

    @Test func timeoutsThatTakeLongLeaveTheRestToTheNextTurnSooner() {
        let manual = ManualTimeouts()
        var called = 0
        for _ in 0..<1000 {
            // Most of them are not called, and stay.
            manual.common(1_000_000_000).arm { [unowned manual] in
                called += 1
                manual.time += 100_000
            }
        }
        manual.time += 1_000_000_000
        manual.turn()
        #expect(called > 0 && called <= 64)
    }

    @Test func aReactorThatWasHeldUpGivesATenthOfASecondForASignOfLife() {
        let manual = ManualTimeouts()
        let second = manual.common(1_000_000_000)
        var called: [String] = []
        let spoke = second.arm { called.append("spoke") }
        second.arm { called.append("silent") }
        manual.time += 3_000_000_000
        manual.turn()
        #expect(called.isEmpty)
        // Bytes that were waiting are read in the next turn.
        manual.turn { spoke.rearm() }
        let spokeAt = manual.time
        manual.advance(to: manual.time + 100_000_000)
        #expect(called == ["silent"])
        manual.advance(to: spokeAt + 999_999_999)
        #expect(called == ["silent"])
        manual.advance(to: spokeAt + 1_000_000_000)
        #expect(called == ["silent", "spoke"])
    }

    @Test func whoeverIsServedInALongTurnIsIdleFromItsEndOn() {
        let manual = ManualTimeouts()
        var called = false
        let timeout = manual.common(1_000_000_000).arm { called = true }
        manual.turn {
            timeout.rearm()
            manual.time += 900_000_000
        }
        let end = manual.time
        manual.advance(to: end + 999_999_999)
        #expect(!called)
        manual.advance(to: end + 1_000_000_000)
        #expect(called)
    }
}
