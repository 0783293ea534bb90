import TestSupport
import Testing

@testable import EventReactorCore

@Suite struct TimerQueueTests {
    /// A clock that a test advances.
    private final class HandClock {
        var time: Int64 = 0
        private(set) lazy var queue = TimerQueue { [unowned self] in ReactorInstant(nanoseconds: time) }

        func call(after delay: Int64, _ body: @escaping () -> Void) -> DelayedCall {
            queue.add(at: ReactorInstant(nanoseconds: time + delay), body)
        }
    }

    @Test func callsComeInTheOrderOfASortedListWhateverIsSetMovedAndCancelled() {
        for seed in 1...8 as ClosedRange<UInt64> {
            var numbers = Numbers(seed: seed)
            let clock = HandClock()
            // The timers that are due to fire: index, deadline. The index is the order of creation.
            var model: [(number: Int, deadline: Int64)] = []
            var calls: [DelayedCall] = []
            var fired: [Int] = []
            for _ in 0..<4000 {
                let pick = calls.isEmpty ? 0 : Int(numbers.next() % UInt64(calls.count))
                let index = model.firstIndex { $0.number == pick }
                let delay = Int64(numbers.next() % 64)
                switch numbers.next() % 8 {
                case 0..<4:
                    let number = calls.count
                    calls.append(clock.call(after: delay) { fired.append(number) })
                    model.append((number, clock.time + delay))
                case 4 where !calls.isEmpty:
                    #expect(calls[pick].cancel() == (index != nil))
                    if let index { model.remove(at: index) }
                case 5 where !calls.isEmpty:
                    #expect(calls[pick].reset(to: .nanoseconds(delay)) == (index != nil))
                    if let index { model[index].deadline = clock.time + delay }
                case 6 where !calls.isEmpty:
                    #expect(calls[pick].delay(by: .nanoseconds(delay)) == (index != nil))
                    if let index { model[index].deadline += delay }
                default:
                    clock.time += Int64(numbers.next() % 16)
                    let due = model.filter { $0.deadline <= clock.time }
                        .sorted { ($0.deadline, $0.number) < ($1.deadline, $1.number) }
                    model.removeAll { $0.deadline <= clock.time }
                    fired = []
                    clock.queue.fireDue()
                    #expect(fired == due.map(\.number))
                }
                #expect(clock.queue.count == model.count)
                #expect(clock.queue.nextDeadline?.nanoseconds == model.map(\.deadline).min())
            }
            #expect(calls.filter(\.isActive).count == model.count)
        }
    }

    @Test func whatACallSetsIsForTheNextRound() {
        let clock = HandClock()
        var fired: [String] = []
        _ = clock.call(after: 0) {
            fired.append("first")
            _ = clock.call(after: 0) { fired.append("set in the first") }
        }
        _ = clock.call(after: 0) { fired.append("second") }
        clock.queue.fireDue()
        #expect(fired == ["first", "second"])
        clock.queue.fireDue()
        #expect(fired == ["first", "second", "set in the first"])
    }

    @Test func aCallSetInACallAndMovedIntoThePastHidesNoOther() {
        let clock = HandClock()
        clock.time = 1000
        var rounds = 0
        var last: DelayedCall?
        func again() {
            rounds += 1
            last = clock.call(after: 0, again)
            last?.delay(by: .seconds(-1))
        }
        again()
        var fired = false
        _ = clock.call(after: 0) { fired = true }
        clock.queue.fireDue()
        #expect(fired)
        #expect(rounds == 2)
        // It retains the clock, which retains it.
        last?.cancel()
    }

    @Test func callsDueTogetherMayCancelAndMoveEachOther() {
        let clock = HandClock()
        var fired: [Int] = []
        var calls: [DelayedCall] = []
        for number in 0..<100 {
            calls.append(
                clock.call(after: Int64(number / 10)) {
                    fired.append(number)
                    // Each fifth cancels the next one and postpones the one after that.
                    guard number % 5 == 0 else { return }
                    #expect(calls[number + 1].cancel())
                    #expect(calls[number + 2].reset(to: .nanoseconds(100)))
                    #expect(!calls[number].cancel())
                })
        }
        clock.time = 50
        clock.queue.fireDue()
        #expect(fired == (0..<100).filter { $0 % 5 != 1 && $0 % 5 != 2 })
        fired = []
        clock.time = 150
        clock.queue.fireDue()
        #expect(fired == (0..<100).filter { $0 % 5 == 2 })
        #expect(clock.queue.count == 0)
    }

    @Test func nothingIsSearchedAMillionTimes() {
        // Half a million equal deadlines, cancelled from the front, the back and the middle: a list would take hours.
        let clock = HandClock()
        let calls = (0..<500_000).map { _ in clock.call(after: 10) { Issue.record("a cancelled call was made") } }
        for index in 0..<250_000 {
            calls[(index * 7919) % 250_000].cancel()
            calls[499_999 - index].cancel()
        }
        #expect(clock.queue.count == 0)
        #expect(clock.queue.nextDeadline == nil)
    }

    @Test func deadlinesStayWithinWhatCanBeNamed() {
        let clock = HandClock()
        clock.time = .max - 10
        let call = clock.call(after: 0) {}
        #expect(call.delay(by: .seconds(Int64.max)))
        #expect(call.deadline.nanoseconds == .max)
        #expect(call.delay(by: .nanoseconds(1)))
        #expect(call.deadline.nanoseconds == .max)
        #expect(call.reset(to: .seconds(Int64.max)))
        #expect(call.deadline.nanoseconds == .max)
        #expect(call.reset(to: .seconds(Int64.min)))
        #expect(call.deadline.nanoseconds == clock.time)
        #expect(call.delay(by: .seconds(Int64.min)))
        #expect(call.deadline.nanoseconds == clock.time, "no earlier than now")
    }

    @Test func aQueueThatGoesDetachesItsCalls() {
        /// Cancels its timer as it is released, as objects do that own one.
        final class Owner {
            var call: DelayedCall?
            deinit { #expect(call?.cancel() == false) }
        }
        var clock: HandClock? = HandClock()
        var calls: [DelayedCall] = []
        var owners: [Owner] = []
        for number in 0..<20 {
            let owner = Owner()
            owners.append(owner)
            if let call = clock?.call(after: Int64(number), { _ = owner }) { calls.append(call) }
        }
        // Each call keeps alive the owner of another one.
        for (owner, call) in zip(owners, calls.reversed()) { owner.call = call }
        owners = []
        clock = nil
        #expect(calls.allSatisfy { !$0.isActive && !$0.cancel() && !$0.reset(to: .zero) && !$0.delay(by: .zero) })
    }
}
