import Synchronization
import TestSupport
import Testing

@testable import EventReactorCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct ThreadPoolTests {
    private struct Oops: Error {}

    /// A reactor whose turns a test makes.
    private final class Turning {
        let reactor: ReactorBase
        private let engine: ScriptedEngine

        init() { (reactor, engine) = ScriptedEngine.makeReactor() }

        /// Runs until a condition is true that a completion changes.
        func run(until condition: @escaping () -> Bool) throws {
            func look() {
                // The scripted engine neither sleeps nor is woken: it asks.
                reactor.woken()
                if condition() {
                    try? reactor.stop()
                } else {
                    sched_yield()
                    reactor.callSoon(look)
                }
            }
            reactor.callSoon(look)
            try reactor.run()
        }
    }

    @Test func resultsAndErrorsComeBackOnTheReactorsThread() throws {
        let turning = Turning()
        let own = pthread_self()
        var results: [Result<Int, any Error>] = []
        func completed(_ result: Result<Int, any Error>) {
            #expect(pthread_self() == own)
            results.append(result)
        }
        turning.reactor.deferToThread {
            #expect(pthread_self() != own)
            return 42
        } then: {
            completed($0)
        }
        turning.reactor.deferToThread {
            throw Oops()
        } then: { (result: Result<Int, any Error>) in
            completed(result)
        }
        #expect(results.isEmpty, "never before the call has returned")
        try turning.run { results.count == 2 }
        #expect(results.compactMap { try? $0.get() } == [42])
        #expect(results.contains { if case .failure(let error) = $0 { error is Oops } else { false } })
    }

    @Test func moreWorkThanThreadsIsAllDone() throws {
        let turning = Turning()
        var sum = 0
        var completions = 0
        for number in 0..<500 {
            turning.reactor.deferToThread {
                number
            } then: { result in
                sum += (try? result.get()) ?? 0
                completions += 1
            }
        }
        try turning.run { completions == 500 }
        #expect(sum == 499 * 500 / 2)
    }

    @Test func aCompletionAfterTheStopWaitsForTheNextRun() throws {
        let turning = Turning()
        let gate = Gate()
        let isDone = Locked(false)
        var completed = false
        turning.reactor.deferToThread {
            gate.wait()
            isDone.withLock { $0 = true }
        } then: { _ in
            completed = true
        }
        try turning.run { true }
        gate.open()
        while !isDone.withLock({ $0 }) { sched_yield() }
        #expect(!completed)
        try turning.run { completed }
        #expect(completed)
    }

    @Test func workThatHasBegunIsDoneThoughItsReactorIsGoneAndItsCompletionDropped() {
        final class Thing {}
        let hasBegun = Locked(false)
        let gate = Gate()
        let isDone = Locked(false)
        weak var captured: Thing?
        do {
            let turning = Turning()
            let thing = Thing()
            captured = thing
            turning.reactor.deferToThread {
                hasBegun.withLock { $0 = true }
                gate.wait()
                isDone.withLock { $0 = true }
            } then: { _ in
                _ = thing
                Issue.record("completed without a reactor")
            }
            while !hasBegun.withLock({ $0 }) { sched_yield() }
        }
        #expect(captured == nil)
        gate.open()
        while !isDone.withLock({ $0 }) { sched_yield() }
    }

    @Test func aCancelledJobIsSkippedAndReleased() {
        final class Thing: Sendable {}
        let pool = ThreadPool(limit: 1)
        let hasBegun = Locked(false)
        let gate = Gate()
        pool.submit {
            hasBegun.withLock { $0 = true }
            gate.wait()
        }
        while !hasBegun.withLock({ $0 }) { sched_yield() }
        weak var captured: Thing?
        var jobs: [PoolJob] = []
        do {
            let thing = Thing()
            captured = thing
            jobs = (0..<1000).map { _ in
                pool.submit {
                    _ = thing
                    Issue.record("a cancelled job ran")
                }
            }
        }
        let ran = Locked(false)
        pool.submit { ran.withLock { $0 = true } }
        #expect(pool.waitingCount == 1001)
        for job in jobs { job.cancel() }
        for job in jobs { job.cancel() }
        #expect(pool.waitingCount == 1)
        #expect(captured == nil)
        gate.open()
        while !ran.withLock({ $0 }) { sched_yield() }
        #expect(pool.waitingCount == 0)
    }

    @Test func aThreadWhoseJobIsCancelledIsReplacedUpToABound() {
        let pool = ThreadPool(limit: 2, hardLimit: 5)
        let gate = Gate()
        let begun = Locked(0)
        func block() -> PoolJob {
            pool.submit {
                begun.withLock { $0 += 1 }
                gate.wait()
            }
        }
        let jobs = (0..<8).map { _ in block() }
        func wait(for count: Int) {
            while begun.withLock({ $0 }) < count { sched_yield() }
            #expect(begun.withLock { $0 } == count)
        }
        wait(for: 2)
        for number in 0..<3 {
            jobs[number].cancel()
            wait(for: 3 + number)
        }
        jobs[3].cancel()
        jobs[4].cancel()
        #expect(pool.waitingCount == 3, "there are five threads, and no more")
        let done = Locked(0)
        gate.open()
        for _ in 0..<100 { pool.submit { done.withLock { $0 += 1 } } }
        while done.withLock({ $0 }) < 100 { sched_yield() }
        #expect(begun.withLock { $0 } == 8)
    }

    @Test func ownersTakeTurns() {
        final class Owner: Sendable {}
        let pool = ThreadPool(limit: 1)
        let gate = Gate()
        let order = Locked<[String]>([])
        let (greedy, modest) = (Owner(), Owner())
        pool.submit { gate.wait() }
        for _ in 0..<500 { pool.submit(for: greedy) { order.withLock { $0.append("greedy") } } }
        for _ in 0..<2 { pool.submit(for: modest) { order.withLock { $0.append("modest") } } }
        gate.open()
        while order.withLock({ $0.count }) < 502 { sched_yield() }
        #expect(order.withLock { Array($0.prefix(5)) } == ["greedy", "modest", "greedy", "modest", "greedy"])
    }

    @Test func atMostAsManyRunAtATimeAsThereAreThreads() {
        struct State {
            var running = 0
            var most = 0
            var finished = 0
        }
        let pool = ThreadPool(limit: 3)
        let state = Locked(State())
        for _ in 0..<200 {
            pool.submit {
                state.withLock {
                    $0.running += 1
                    $0.most = max($0.most, $0.running)
                }
                sched_yield()
                state.withLock {
                    $0.running -= 1
                    $0.finished += 1
                }
            }
        }
        while state.withLock({ $0.finished }) < 200 { sched_yield() }
        #expect(state.withLock { $0.most } <= 3)
    }

    @Test func oneThreadTakesJobsInTheOrderOfTheirArrival() {
        let pool = ThreadPool(limit: 1)
        let done = Locked<[Int]>([])
        for number in 0..<3000 { pool.submit { done.withLock { $0.append(number) } } }
        while done.withLock({ $0.count }) < 3000 { sched_yield() }
        #expect(done.withLock { $0 } == Array(0..<3000))
    }

    @Test func aJobIsLetGoWhenItIsDoneAlthoughOthersWait() {
        final class Thing: Sendable {
            let isGone: Flag
            init(_ isGone: Flag) { self.isGone = isGone }
            deinit { isGone.set() }
        }
        final class Flag: Sendable {
            private let value = Atomic<Bool>(false)
            var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
            func set() { value.store(true, ordering: .sequentiallyConsistent) }
        }
        let pool = ThreadPool(limit: 1)
        let begins = Flag()
        let isGone = Flag()
        let wasGone = Locked<Bool?>(nil)
        pool.submit { while !begins.isSet { sched_yield() } }
        pool.submit { [thing = Thing(isGone)] in _ = thing }
        pool.submit { wasGone.withLock { $0 = isGone.isSet } }
        pool.submit {}
        begins.set()
        while wasGone.withLock({ $0 }) == nil { sched_yield() }
        #expect(wasGone.withLock { $0 } == true)
    }

    @Test func aJobMaySubmitAnotherAsItGoes() {
        final class Chain: Sendable {
            let pool: ThreadPool
            let isDone: Locked<Bool>
            init(_ pool: ThreadPool) {
                self.pool = pool
                isDone = Locked(false)
            }
        }
        final class Link: Sendable {
            let chain: Chain
            init(_ chain: Chain) { self.chain = chain }
            deinit { chain.pool.submit { [chain] in chain.isDone.withLock { $0 = true } } }
        }
        let chain = Chain(ThreadPool(limit: 1))
        chain.pool.submit { [link = Link(chain)] in _ = link }
        chain.pool.submit {}
        while !chain.isDone.withLock({ $0 }) { sched_yield() }
    }
}
