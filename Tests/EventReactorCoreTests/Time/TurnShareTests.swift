import Testing

@testable import EventReactorCore

@Suite struct TurnShareTests {
    private final class HandClock {
        var time: Int64 = 0
        private(set) lazy var queue = TimerQueue { [unowned self] in ReactorInstant(nanoseconds: time) }

        func call(after delay: Int64, _ body: @escaping () -> Void) -> DelayedCall {
            queue.add(at: ReactorInstant(nanoseconds: time + delay), body)
        }
    }

    @Test func manyTimersThatAreDueAtOnceAreFiredOverSeveralTurnsInOrder() {
        let clock = HandClock()
        var fired: [Int] = []
        for number in 0..<10_000 { _ = clock.call(after: Int64(number % 10)) { fired.append(number) } }
        clock.time = 10
        clock.queue.fireDue()
        #expect(fired.count == TurnShare.calls)
        #expect(clock.queue.nextDeadline.map { $0.nanoseconds <= clock.time } == true, "the next turn does not sleep")
        // Set meanwhile, and due: behind the timers that were due before.
        _ = clock.call(after: 0) { fired.append(-1) }
        for _ in 0..<2 { clock.queue.fireDue() }
        #expect(fired.last == -1)
        let order = (0..<10_000).sorted { ($0 % 10, $0) < ($1 % 10, $1) }
        #expect(fired.dropLast() == order[...])
    }

    @Test func timersThatTakeLongLeaveTheRestToTheNextTurnSooner() {
        let clock = HandClock()
        var fired = 0
        for _ in 0..<1000 {
            _ = clock.call(after: 0) {
                fired += 1
                clock.time += 100_000
            }
        }
        clock.queue.fireDue()
        // Two milliseconds, and the clock is looked at each 16 calls.
        #expect(fired == 32)
        var turns = 1
        while clock.queue.count > 0 {
            clock.queue.fireDue()
            turns += 1
        }
        #expect(fired == 1000)
        #expect(turns == 32)
    }

    @Test func fewTimersCostNoFurtherLookAtTheClock() {
        var reads = 0
        let queue = TimerQueue {
            reads += 1
            return ReactorInstant(nanoseconds: 100)
        }
        for _ in 0..<15 { _ = queue.add(at: ReactorInstant(nanoseconds: 0)) {} }
        queue.fireDue()
        #expect(reads == 1)
        #expect(queue.count == 0)
    }

    @Test func whatDoesNotWaitInTheQueueIsServedBesideABacklog() {
        let clock = HandClock()
        var served = 0
        clock.queue.whenBehind = { served += 1 }
        for _ in 0..<(TurnShare.calls * 3 / 2) { _ = clock.call(after: 0) {} }
        clock.queue.fireDue()
        #expect(served == 1)
        clock.queue.fireDue()
        #expect(served == 1, "there is no backlog any more")
        #expect(clock.queue.count == 0)
    }
}
