import EventReactorCore
import TestSupport
import Testing

@Suite struct CommonTimeoutTests {
    /// Timeouts on a clock that a test advances.
    private final class Hand {
        var time: Int64 = 1_000_000
        private(set) lazy var queue = TimerQueue { [unowned self] in ReactorInstant(nanoseconds: time) }
        private(set) lazy var board = TimeoutQueue(timers: queue)

        deinit {
            // As a reactor does: armed timeouts would retain the board.
            board.shut()
        }

        func common(_ nanoseconds: Int64) -> CommonTimeout {
            CommonTimeout(.nanoseconds(nanoseconds), on: board)
        }

        /// A turn of a reactor.
        func turn(_ body: () -> Void = {}) {
            board.clock.turnBegins()
            body()
            queue.fireDue()
            board.clock.turnEnds()
        }

        /// Advances from one timer to the next, on time.
        func advance(to end: Int64) {
            while let next = queue.nextDeadline, next.nanoseconds <= end {
                time = max(time, next.nanoseconds)
                turn()
            }
            time = end
        }
    }

    @Test func eachIsCalledExactlyWhenItsTimeIsOverWhateverElseIsArmedTouchedAndCancelled() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var numbers = Numbers(seed: seed)
            let hand = Hand()
            var handles: [ArmedTimeout] = []
            var model: [Int: (length: Int64, due: Int64)] = [:]
            var calledEarlyOrLate = 0
            for _ in 0..<6000 {
                let pick = handles.isEmpty ? 0 : Int(numbers.next() % UInt64(handles.count))
                switch numbers.next() % 8 {
                case 0..<3:
                    // From a nanosecond to a quarter of an hour.
                    let length = Int64(1 + numbers.next() % (1 << (1 + numbers.next() % 40)))
                    let number = handles.count
                    model[number] = (length, hand.time + length)
                    handles.append(
                        hand.common(length).arm {
                            if model.removeValue(forKey: number)?.due != hand.time { calledEarlyOrLate += 1 }
                        })
                case 3 where !handles.isEmpty:
                    #expect(handles[pick].cancel() == (model.removeValue(forKey: pick) != nil))
                case 4..<7 where !handles.isEmpty:
                    #expect(handles[pick].rearm() == (model[pick] != nil))
                    if let length = model[pick]?.length { model[pick] = (length, hand.time + length) }
                default:
                    hand.advance(to: hand.time + Int64(numbers.next() % (1 << (1 + numbers.next() % 38))))
                    let forgotten = model.values.filter { $0.due <= hand.time }
                    #expect(forgotten.isEmpty)
                }
                #expect(hand.board.count == model.count)
            }
            #expect(calledEarlyOrLate == 0)
            #expect(handles.indices.filter { handles[$0].isActive }.sorted() == model.keys.sorted())
            hand.advance(to: hand.time + 1 << 41)
            #expect(model.isEmpty && calledEarlyOrLate == 0)
            #expect(hand.board.count == 0 && hand.queue.count == 0)
        }
    }

    @Test func aLateReactorCallsNoneTooEarlyAndForgetsNone() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var numbers = Numbers(seed: seed)
            let hand = Hand()
            var rest: Set<Int> = []
            var early = 0
            for number in 0..<3000 {
                let length = Int64(1 + numbers.next() % (1 << (1 + numbers.next() % 36)))
                let due = hand.time + length
                rest.insert(number)
                hand.common(length).arm {
                    if hand.time < due { early += 1 }
                    rest.remove(number)
                }
                guard numbers.next() % 16 == 0 else { continue }
                hand.time += Int64(numbers.next() % (1 << (1 + numbers.next() % 36)))
                hand.turn()
            }
            hand.advance(to: hand.time + 1 << 37)
            #expect(rest.isEmpty && early == 0)
        }
    }

    @Test func aReactorThatWasHeldUpGivesATenthOfASecondForASignOfLife() {
        let hand = Hand()
        let second = hand.common(1_000_000_000)
        var called: [String] = []
        let spoke = second.arm { called.append("spoke") }
        second.arm { called.append("silent") }
        hand.time += 3_000_000_000
        hand.turn()
        #expect(called.isEmpty)
        // Bytes that were waiting are read in the next turn.
        hand.turn { spoke.rearm() }
        let spokeAt = hand.time
        hand.advance(to: hand.time + 100_000_000)
        #expect(called == ["silent"])
        hand.advance(to: spokeAt + 999_999_999)
        #expect(called == ["silent"])
        hand.advance(to: spokeAt + 1_000_000_000)
        #expect(called == ["silent", "spoke"])
    }

    @Test func whoeverIsServedInALongTurnIsIdleFromItsEndOn() {
        let hand = Hand()
        var called = false
        let timeout = hand.common(1_000_000_000).arm { called = true }
        hand.turn {
            timeout.rearm()
            hand.time += 900_000_000
        }
        let end = hand.time
        hand.advance(to: end + 999_999_999)
        #expect(!called)
        hand.advance(to: end + 1_000_000_000)
        #expect(called)
    }

    @Test func inATurnTheClockIsReadOnce() {
        var reads = 0
        let queue = TimerQueue {
            reads += 1
            return ReactorInstant(nanoseconds: 5_000_000)
        }
        let board = TimeoutQueue(timers: queue)
        defer { board.shut() }
        let timeouts = (0..<100).map { _ in CommonTimeout(.seconds(1), on: board).arm {} }
        board.clock.turnBegins()
        reads = 0
        for timeout in timeouts { timeout.rearm() }
        #expect(reads == 1)
        board.clock.turnEnds()
        // Between turns the beginning of the next one is not known.
        reads = 0
        timeouts[0].rearm()
        timeouts[0].rearm()
        #expect(reads == 2)
    }

    @Test func whateverIsReArmedHoweverOftenIsLookedAtAboutOnceInItsTime() {
        let hand = Hand()
        let minute = hand.common(60_000_000_000)
        var called = 0
        let timeouts = (0..<10_000).map { _ in minute.arm { called += 1 } }
        #expect(hand.queue.count == 1)
        // Ten minutes, with a sign of life each second.
        for _ in 0..<600 {
            hand.advance(to: hand.time + 1_000_000_000)
            hand.turn { for timeout in timeouts { timeout.rearm() } }
        }
        #expect(called == 0)
        #expect(hand.queue.count == 1)
        #expect(hand.board.lookCount < 11 * timeouts.count)
    }

    @Test func amongThoseThatAreDueOneMayCallOffAnother() {
        let hand = Hand()
        let second = hand.common(1_000_000_000)
        var called = 0
        var timeouts: [ArmedTimeout] = []
        for _ in 0..<100 {
            timeouts.append(
                second.arm {
                    called += 1
                    for timeout in timeouts { timeout.cancel() }
                })
        }
        hand.advance(to: hand.time + 5_000_000_000)
        #expect(called == 1)
        #expect(timeouts.allSatisfy { !$0.isActive && !$0.rearm() && !$0.cancel() })
    }

    @Test func oneThatArmsItselfAnewStarvesNobody() {
        let hand = Hand()
        let nothing = CommonTimeout(.seconds(-1), on: hand.board)
        var called = 0
        func arm() {
            nothing.arm {
                called += 1
                arm()
            }
        }
        arm()
        hand.time += 1
        hand.turn()
        #expect(called == 1)
        hand.time += 1
        hand.turn()
        #expect(called == 2)
    }

    @Test func centuriesBreakNothing() {
        let hand = Hand()
        var called = false
        let timeout = CommonTimeout(.seconds(Int64.max), on: hand.board).arm { called = true }
        hand.advance(to: 1 << 60)
        #expect(timeout.rearm() && !called)
        #expect(timeout.cancel())
        #expect(hand.queue.count == 0)
    }

    @Test func manyThatAreDueAtOnceAreCalledOverSeveralTurns() {
        let hand = Hand()
        let second = hand.common(1_000_000_000)
        var called = 0
        for _ in 0..<10_000 { second.arm { called += 1 } }
        hand.time += 1_000_000_000
        hand.turn()
        #expect(called > 0 && called < 10_000)
        for _ in 0..<3 { hand.turn() }
        #expect(called == 10_000)
    }

    @Test func aBacklogIsNoLatenessOfTheReactor() {
        let hand = Hand()
        let second = hand.common(1_000_000_000)
        var called = 0
        for _ in 0..<1000 {
            second.arm {
                called += 1
                hand.time += 1_000_000
            }
        }
        hand.time += 1_000_000_000
        let due = hand.time
        while called < 1000, let next = hand.queue.nextDeadline {
            hand.time = max(hand.time, next.nanoseconds)
            hand.turn()
        }
        // A second's worth of calls, and no wait for signs of life in between.
        #expect(hand.time - due == 1_000_000_000)
    }

    @Test func aBacklogHoldsUpNoTimerAndOneOfTimersNoTimeout() {
        let hand = Hand()
        let second = hand.common(1_000_000_000)
        var called = 0
        for _ in 0..<20_000 { second.arm { called += 1 } }
        hand.time += 1_000_000_000
        hand.turn()
        #expect(called < 20_000)
        var fired = false
        hand.time += 1
        _ = hand.queue.add(at: ReactorInstant(nanoseconds: hand.time)) { fired = true }
        hand.turn()
        #expect(fired && called < 20_000)
        while hand.board.count > 0 { hand.turn() }
        // The other way round.
        var rest = 20_000
        for _ in 0..<rest { _ = hand.queue.add(at: ReactorInstant(nanoseconds: hand.time)) { rest -= 1 } }
        var isOver = false
        hand.common(1).arm { isOver = true }
        hand.time += 1
        hand.turn()
        #expect(isOver && rest > 0)
    }

    @Test func timeoutsThatTakeLongLeaveTheRestToTheNextTurnSooner() {
        let hand = Hand()
        var called = 0
        for _ in 0..<1000 {
            // Most of them are not called, and stay.
            hand.common(1_000_000_000).arm { [unowned hand] in
                called += 1
                hand.time += 100_000
            }
        }
        hand.time += 1_000_000_000
        hand.turn()
        #expect(called > 0 && called <= 64)
    }

    @Test func closuresAreLetGoOnceTheyWereCalledOrCancelledOrTheReactorIsGone() {
        final class Token {}
        let hand = Hand()
        weak var called: Token?
        weak var cancelled: Token?
        weak var left: Token?
        func hold(_ token: Token) -> () -> Void { { _ = token } }
        func arm(_ weakly: (Token) -> Void, _ length: Int64) -> ArmedTimeout {
            let token = Token()
            weakly(token)
            return hand.common(length).arm(hold(token))
        }
        let handles = [
            arm({ called = $0 }, 1), arm({ cancelled = $0 }, 10), arm({ left = $0 }, 1_000_000),
        ]
        #expect(called != nil && cancelled != nil && left != nil)
        hand.advance(to: hand.time + 5)
        handles[1].cancel()
        #expect(called == nil && cancelled == nil && left != nil)
        hand.board.shut()
        #expect(left == nil)
        #expect(!handles[2].isActive)
        #expect(!hand.common(1).arm { Issue.record("called by a reactor that is gone") }.isActive)
    }
}
