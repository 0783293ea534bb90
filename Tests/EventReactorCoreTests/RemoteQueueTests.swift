import EventReactorCore
import Synchronization
import Testing

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
        var jobs: [RemoteQueue.Job] = []
        #expect(queue.take(into: &jobs))
        #expect(jobs.count == 100)
        jobs = []
        queue.post { _ in }
        #expect(wakes.value == 2, "what comes after the queue was emptied wakes again")
    }

    @Test func jobsComeInTheirOrderAndOnce() {
        let (queue, _) = makeQueue()
        let (reactor, _) = ScriptedEngine.makeReactor()
        let called = Locked<[Int]>([])
        var jobs: [RemoteQueue.Job] = []
        for number in 0..<10 { queue.post { _ in called.withLock { $0.append(number) } } }
        #expect(!queue.take(into: &jobs))
        for job in jobs { job(reactor) }
        #expect(called.withLock { $0 } == Array(0..<10))
        jobs = []
        #expect(!queue.take(into: &jobs))
        #expect(jobs.isEmpty)
    }

    @Test func aStopIsTakenOnce() {
        let (queue, _) = makeQueue()
        var jobs: [RemoteQueue.Job] = []
        queue.requestStop()
        queue.requestStop()
        #expect(queue.take(into: &jobs))
        #expect(!queue.take(into: &jobs))
    }

    @Test func aStopWaitsForTheFirstRunAndForNoOther() {
        let (queue, _) = makeQueue()
        var jobs: [RemoteQueue.Job] = []
        queue.requestStop()
        queue.runBegan()
        #expect(queue.take(into: &jobs))
        queue.runEnded()
        queue.requestStop()
        queue.runBegan()
        #expect(!queue.take(into: &jobs), "between runs there is nothing to stop")
        queue.requestStop()
        queue.runEnded()
        queue.runBegan()
        #expect(!queue.take(into: &jobs), "one that came too late for a run is not for the next")
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
        var jobs: [RemoteQueue.Job] = []
        #expect(!queue.take(into: &jobs))
        #expect(jobs.isEmpty)
    }
}
