import TestSupport
import Testing

@testable import EventReactorCore

@Suite struct CommonTimeoutTests {
    @Test func eachIsCalledExactlyWhenItsTimeIsOverWhateverElseIsArmedTouchedAndCancelled() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var numbers = Numbers(seed: seed)
            let manual = ManualTimeouts()
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
                    model[number] = (length, manual.time + length)
                    handles.append(
                        manual.common(length).arm {
                            if model.removeValue(forKey: number)?.due != manual.time { calledEarlyOrLate += 1 }
                        })
                case 3 where !handles.isEmpty:
                    #expect(handles[pick].cancel() == (model.removeValue(forKey: pick) != nil))
                case 4..<7 where !handles.isEmpty:
                    #expect(handles[pick].rearm() == (model[pick] != nil))
                    if let length = model[pick]?.length { model[pick] = (length, manual.time + length) }
                default:
                    manual.advance(to: manual.time + Int64(numbers.next() % (1 << (1 + numbers.next() % 38))))
                    let forgotten = model.values.filter { $0.due <= manual.time }
                    #expect(forgotten.isEmpty)
                }
                #expect(manual.board.count == model.count)
            }
            #expect(calledEarlyOrLate == 0)
            #expect(handles.indices.filter { handles[$0].isActive }.sorted() == model.keys.sorted())
            manual.advance(to: manual.time + 1 << 41)
            #expect(model.isEmpty && calledEarlyOrLate == 0)
            #expect(manual.board.count == 0 && manual.queue.count == 0)
        }
    }

    @Test func aLateReactorCallsNoneTooEarlyAndForgetsNone() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var numbers = Numbers(seed: seed)
            let manual = ManualTimeouts()
            var rest: Set<Int> = []
            var early = 0
            for number in 0..<3000 {
                let length = Int64(1 + numbers.next() % (1 << (1 + numbers.next() % 36)))
                let due = manual.time + length
                rest.insert(number)
                manual.common(length).arm {
                    if manual.time < due { early += 1 }
                    rest.remove(number)
                }
                guard numbers.next() % 16 == 0 else { continue }
                manual.time += Int64(numbers.next() % (1 << (1 + numbers.next() % 36)))
                manual.turn()
            }
            manual.advance(to: manual.time + 1 << 37)
            #expect(rest.isEmpty && early == 0)
        }
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
        let manual = ManualTimeouts()
        let minute = manual.common(60_000_000_000)
        var called = 0
        let timeouts = (0..<10_000).map { _ in minute.arm { called += 1 } }
        #expect(manual.queue.count == 1)
        // Ten minutes, with a sign of life each second.
        for _ in 0..<600 {
            manual.advance(to: manual.time + 1_000_000_000)
            manual.turn { for timeout in timeouts { timeout.rearm() } }
        }
        #expect(called == 0)
        #expect(manual.queue.count == 1)
        #expect(manual.board.lookCount < 11 * timeouts.count)
    }

    @Test func amongThoseThatAreDueOneMayCallOffAnother() {
        let manual = ManualTimeouts()
        let second = manual.common(1_000_000_000)
        var called = 0
        var timeouts: [ArmedTimeout] = []
        for _ in 0..<100 {
            timeouts.append(
                second.arm {
                    called += 1
                    for timeout in timeouts { timeout.cancel() }
                })
        }
        manual.advance(to: manual.time + 5_000_000_000)
        #expect(called == 1)
        #expect(timeouts.allSatisfy { !$0.isActive && !$0.rearm() && !$0.cancel() })
    }

    @Test func oneThatArmsItselfAnewStarvesNobody() {
        let manual = ManualTimeouts()
        let nothing = CommonTimeout(.seconds(-1), on: manual.board)
        var called = 0
        func arm() {
            nothing.arm {
                called += 1
                arm()
            }
        }
        arm()
        manual.time += 1
        manual.turn()
        #expect(called == 1)
        manual.time += 1
        manual.turn()
        #expect(called == 2)
    }

    @Test func centuriesBreakNothing() {
        let manual = ManualTimeouts()
        var called = false
        let timeout = CommonTimeout(.seconds(Int64.max), on: manual.board).arm { called = true }
        manual.advance(to: 1 << 60)
        #expect(timeout.rearm() && !called)
        #expect(timeout.cancel())
        #expect(manual.queue.count == 0)
    }

    @Test func closuresAreLetGoOnceTheyWereCalledOrCancelledOrTheReactorIsGone() {
        final class Token {}
        let manual = ManualTimeouts()
        weak var called: Token?
        weak var cancelled: Token?
        weak var left: Token?
        func retain(_ token: Token) -> () -> Void { { _ = token } }
        func arm(_ weakly: (Token) -> Void, _ length: Int64) -> ArmedTimeout {
            let token = Token()
            weakly(token)
            return manual.common(length).arm(retain(token))
        }
        let handles = [
            arm({ called = $0 }, 1), arm({ cancelled = $0 }, 10), arm({ left = $0 }, 1_000_000),
        ]
        #expect(called != nil && cancelled != nil && left != nil)
        manual.advance(to: manual.time + 5)
        handles[1].cancel()
        #expect(called == nil && cancelled == nil && left != nil)
        manual.board.shut()
        #expect(left == nil)
        #expect(!handles[2].isActive)
        #expect(!manual.common(1).arm { Issue.record("called by a reactor that is gone") }.isActive)
    }
}
