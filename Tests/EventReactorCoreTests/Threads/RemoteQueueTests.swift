import Synchronization
import Testing

@testable import EventReactorCore

@Suite struct RemoteQueueTests {
    private final class Wakes: Sendable {
        private let number = Atomic<Int>(0)
        var value: Int { number.load(ordering: .relaxed) }
        func add() { number.add(1, ordering: .relaxed) }
    }

    private func makeQueue() -> (RemoteQueue, Wakes) {
        let queue = RemoteQueue()
        let wakes = Wakes()
        queue.connect { wakes.add() }
        return (queue, wakes)
    }

    @Test func aBurstOfCallsWakesOnce() {
        let (queue, wakes) = makeQueue()
        for _ in 0..<100 { queue.post { _ in } }
        queue.requestStop()
        #expect(wakes.value == 1)
        let consumer = Consumer(queue)
        #expect(consumer.drain())
        #expect(consumer.count == 100)
        consumer.drop()
        queue.post { _ in }
        #expect(wakes.value == 1, "the reactor is awake, and looks again before it sleeps")
        #expect(consumer.drainOrSleep() == (false, false))
        #expect(consumer.count == 1)
        consumer.drop()
        #expect(consumer.drainOrSleep() == (false, true))
        queue.post { _ in }
        #expect(wakes.value == 2, "what comes after it found nothing wakes it")
    }

    @Test func aStopIsFoundBeforeTheReactorSleepsAgain() {
        let (queue, wakes) = makeQueue()
        let consumer = Consumer(queue)
        queue.post { _ in }
        #expect(!consumer.drain())
        consumer.drop()
        queue.requestStop()
        #expect(wakes.value == 1)
        #expect(consumer.drainOrSleep() == (true, false))
        #expect(consumer.drainOrSleep() == (false, true))
    }

    @Test func jobsComeInTheirOrderAndOnce() {
        let (queue, _) = makeQueue()
        let (reactor, _) = ScriptedEngine.makeReactor()
        let called = Locked<[Int]>([])
        let consumer = Consumer(queue)
        for number in 0..<10 { queue.post { _ in called.withLock { $0.append(number) } } }
        #expect(!consumer.drain())
        consumer.jobs.call(with: reactor)
        #expect(called.withLock { $0 } == Array(0..<10))
        consumer.drop()
        #expect(!consumer.drain())
        #expect(consumer.count == 0)
    }

    @Test func aStopIsTakenOnce() {
        let (queue, _) = makeQueue()
        let consumer = Consumer(queue)
        queue.requestStop()
        queue.requestStop()
        #expect(consumer.drain())
        #expect(!consumer.drain())
    }

    @Test func aStopWaitsForTheFirstRunAndForNoOther() {
        let (queue, _) = makeQueue()
        let consumer = Consumer(queue)
        queue.requestStop()
        queue.runBegan()
        #expect(consumer.drain())
        queue.runEnded()
        queue.requestStop()
        queue.runBegan()
        #expect(!consumer.drain(), "between runs there is nothing to stop")
        queue.requestStop()
        queue.runEnded()
        queue.runBegan()
        #expect(!consumer.drain(), "one that came too late for a run is not for the next")
    }

    @Test func aClosedQueueDropsWhatItHasAndWhatComes() {
        final class Thing: Sendable {}
        let (queue, wakes) = makeQueue()
        weak var kept: Thing?
        weak var late: Thing?
        do {
            let things = (Thing(), Thing())
            (kept, late) = things
            queue.post { _ in _ = things.0 }
            queue.close()
            queue.post { _ in _ = things.1 }
        }
        queue.requestStop()
        #expect(kept == nil)
        #expect(late == nil)
        #expect(wakes.value == 1)
    }

    @Test func aJobThatIsDroppedMayCallTheQueueAsItGoes() {
        final class Caller: Sendable {
            let queue: RemoteQueue
            init(_ queue: RemoteQueue) { self.queue = queue }
            deinit {
                queue.post { _ in }
                queue.requestStop()
            }
        }
        let (queue, _) = makeQueue()
        queue.post { [caller = Caller(queue)] _ in _ = caller }
        queue.close()
        let consumer = Consumer(queue)
        #expect(!consumer.drain())
        #expect(consumer.count == 0)
    }
}

/// Takes calls from the queue as a reactor does.
private final class Consumer {
    private let queue: RemoteQueue
    var jobs = JobList()

    init(_ queue: RemoteQueue) { self.queue = queue }

    var count: Int { jobs.count }
    func drain() -> Bool { queue.drain(into: &jobs) }
    func drainOrSleep() -> (stops: Bool, maySleep: Bool) { queue.drainOrSleep(into: &jobs) }
    func drop() { jobs = JobList() }
}
