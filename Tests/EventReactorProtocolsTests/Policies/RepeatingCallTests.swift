import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

@Suite("RepeatingCall")
struct RepeatingCallTests {
    /// A call that notes its times in milliseconds, and what it skipped.
    private final class Clock {
        let reactor = SimulatedReactor(seed: 1)
        private(set) var times: [Int] = []
        private(set) var skipped: [Int] = []
        private(set) var errors = 0
        var onCall: () throws -> Void = {}
        private let start: ReactorInstant
        private(set) var call: RepeatingCall!

        init(every interval: Duration) {
            start = reactor.now
            call = RepeatingCall(on: reactor, every: interval) { [unowned self] skipped in
                times.append(now)
                self.skipped.append(skipped)
                try onCall()
            } onError: { [unowned self] _ in
                errors += 1
            }
        }

        deinit { call.stop() }

        var now: Int { Int(start.duration(to: reactor.now) / .milliseconds(1)) }
    }

    @Test func itCallsOnTheGridFromItsStart() {
        let clock = Clock(every: .milliseconds(100))
        clock.call.start()
        #expect(clock.times == [] && clock.call.isRunning)
        clock.reactor.advance(by: .milliseconds(350))
        #expect(clock.times == [0, 100, 200, 300])
        #expect(clock.skipped == [0, 0, 0, 0])
    }

    @Test func theFirstCallComesAfterAnIntervalIfAsked() {
        let clock = Clock(every: .milliseconds(100))
        clock.call.start(immediately: false)
        clock.reactor.advance(by: .milliseconds(250))
        #expect(clock.times == [100, 200])
        #expect(clock.skipped == [0, 0])
    }

    @Test func lateCallsDoNotMoveTheGrid() {
        let clock = Clock(every: .milliseconds(100))
        clock.reactor.turnTime = .milliseconds(7)
        clock.call.start()
        clock.reactor.advance(by: .seconds(100))
        #expect(clock.times.count >= 1_000)
        #expect(clock.times.allSatisfy { $0 % 100 < 20 })
        #expect(clock.skipped.allSatisfy { $0 == 0 })
    }

    @Test func missedTimesAreSkippedAndCountedWithoutABurst() {
        let clock = Clock(every: .milliseconds(100))
        clock.onCall = { [unowned clock] in
            if clock.now == 200 { clock.reactor.spend(.milliseconds(450)) }
        }
        clock.call.start()
        clock.reactor.advance(by: .milliseconds(950))
        // The times 300, 400 and 500 were missed; 600 was late.
        #expect(clock.times == [0, 100, 200, 650, 700, 800, 900])
        #expect(clock.skipped == [0, 0, 0, 3, 0, 0, 0])
        #expect(clock.skipped.reduce(clock.times.count, +) == 10)
    }

    @Test func aCallThatAlwaysTakesTooLongComesOnceInEachOfItsTimes() {
        let clock = Clock(every: .milliseconds(100))
        clock.onCall = { [unowned clock] in clock.reactor.spend(.milliseconds(250)) }
        clock.call.start()
        clock.reactor.advance(by: .seconds(10))
        #expect((34...41).contains(clock.times.count))
        #expect(zip(clock.times, clock.times.dropFirst()).allSatisfy { $1 - $0 >= 250 })
        #expect(clock.skipped.reduce(clock.times.count, +) == clock.times.last! / 100 + 1)
    }

    @Test func aChangeOfTheIntervalBeginsAnotherGrid() {
        let clock = Clock(every: .milliseconds(100))
        clock.call.start()
        clock.reactor.advance(by: .milliseconds(150))
        clock.call.interval = .milliseconds(30)
        #expect(clock.call.interval == .milliseconds(30))
        clock.reactor.advance(by: .milliseconds(100))
        #expect(clock.times == [0, 100, 180, 210, 240])
        #expect(clock.skipped == [0, 0, 0, 0, 0])
    }

    @Test func theIntervalMayBeChangedInTheCall() {
        let clock = Clock(every: .milliseconds(100))
        clock.onCall = { [unowned clock] in clock.call.interval *= 2 }
        clock.call.start()
        clock.reactor.advance(by: .milliseconds(1_500))
        #expect(clock.times == [0, 200, 600, 1400])
        #expect(clock.reactor.timers.count == 1)
    }

    @Test func itMayBeStoppedInTheCall() {
        let clock = Clock(every: .milliseconds(100))
        clock.onCall = { [unowned clock] in if clock.times.count == 3 { clock.call.stop() } }
        clock.call.start()
        clock.reactor.advance(by: .seconds(1))
        #expect(clock.times == [0, 100, 200])
        #expect(!clock.call.isRunning && clock.reactor.timers.count == 0)
    }

    @Test func itMayBeStoppedAndStartedInTheCall() {
        let clock = Clock(every: .milliseconds(100))
        clock.onCall = { [unowned clock] in
            if clock.now == 100 {
                clock.call.stop()
                clock.call.start(immediately: false)
                clock.reactor.spend(.milliseconds(50))
            }
        }
        clock.call.start()
        clock.reactor.advance(by: .milliseconds(350))
        #expect(clock.times == [0, 100, 200, 300])
        #expect(clock.reactor.timers.count == 1)
    }

    @Test func anErrorStopsItAndIsReported() {
        let clock = Clock(every: .milliseconds(100))
        clock.onCall = { [unowned clock] in if clock.now == 200 { throw ScriptedError() } }
        clock.call.start()
        clock.reactor.advance(by: .seconds(1))
        #expect(clock.times == [0, 100, 200] && clock.errors == 1)
        #expect(!clock.call.isRunning && clock.reactor.timers.count == 0)
        clock.call.start()
        clock.reactor.advance(by: .milliseconds(50))
        #expect(clock.times.last == 1000)
    }

    @Test func anErrorStopsItEvenIfTheCallChangedTheInterval() {
        let clock = Clock(every: .milliseconds(100))
        clock.onCall = { [unowned clock] in
            clock.call.interval = .milliseconds(10)
            throw ScriptedError()
        }
        clock.call.start()
        clock.reactor.advance(by: .seconds(1))
        #expect(clock.times == [0] && clock.errors == 1 && clock.reactor.timers.count == 0)
    }

    @Test func aSecondStartDoesNothing() {
        let clock = Clock(every: .milliseconds(100))
        clock.call.start(immediately: false)
        clock.reactor.advance(by: .milliseconds(50))
        clock.call.start()
        clock.reactor.advance(by: .milliseconds(100))
        #expect(clock.times == [100])
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func withoutAnIntervalItIsCalledInEachTurnAndStarvesNothing(_ interval: Duration) {
        let reactor = SimulatedReactor(seed: 1)
        var (calls, skips, others) = (0, 0, 0)
        let call = RepeatingCall(on: reactor, every: interval) { skipped in
            calls += 1
            skips += skipped
        }
        #expect(call.interval == .zero)
        call.start()
        let other = RepeatingCall(on: reactor, every: .milliseconds(1)) { _ in others += 1 }
        other.start()
        reactor.turnTime = .microseconds(100)
        reactor.advance(by: .milliseconds(10))
        #expect(calls >= 50 && skips == 0 && others >= 9)
        call.stop()
        other.stop()
    }

    @Test func anIntervalOfCenturiesNeitherTrapsNorComes() {
        let clock = Clock(every: .seconds(Int64.max))
        clock.call.start()
        clock.reactor.advance(by: .seconds(1_000_000))
        #expect(clock.times == [0] && clock.call.isRunning)
    }

    @Test func theReactorRetainsACallThatRuns() {
        let reactor = SimulatedReactor(seed: 1)
        var calls = 0
        weak var call: RepeatingCall?
        do {
            let made = RepeatingCall(on: reactor, every: .seconds(1)) { _ in calls += 1 }
            made.start()
            call = made
        }
        reactor.advance(by: .seconds(2))
        #expect(calls == 3)
        call?.stop()
        #expect(call == nil)
    }

    @Test func itOutlivesItsReactorHarmlessly() {
        var call: RepeatingCall?
        weak var released: ReactorBase?
        do {
            let reactor = SimulatedReactor(seed: 1)
            released = reactor
            call = RepeatingCall(on: reactor, every: .seconds(1)) { _ in }
            call?.start()
            reactor.advance(by: .seconds(2))
        }
        #expect(released == nil && call?.isRunning == false)
        call?.interval = .seconds(2)
        call?.start()
        call?.stop()
    }

    @Test func itMayCloseItsReactorInTheCall() {
        let clock = Clock(every: .milliseconds(100))
        clock.onCall = { [unowned clock] in clock.reactor.close() }
        clock.call.start()
        clock.reactor.advance(by: .seconds(1))
        #expect(clock.times == [0] && !clock.call.isRunning)
    }

    @Test(arguments: PolicyEngine.allCases)
    func itRunsOnEveryEngine(_ engine: PolicyEngine) throws {
        let reactor = try engine.makeReactor()
        var (calls, skips) = (0, 0)
        let start = reactor.now
        let call = RepeatingCall(on: reactor, every: .milliseconds(2)) { skipped in
            calls += 1
            skips += skipped
            if calls == 20 { try? reactor.stop() }
        }
        call.start()
        try reactor.run()
        #expect(start.duration(to: reactor.now) >= .milliseconds(2 * (calls + skips - 1)))
        call.stop()
        reactor.close()
    }
}
