/// Jobs in order of arrival, of which each owner's next runs in turn: the backlog of one delays no other.
struct FairQueue {
    /// The owner of jobs; nil for jobs of no owner.
    typealias Owner = ObjectIdentifier?

    private final class Lane {
        // A job that is popped leaves nil.
        var jobs: [PoolJob?] = []
        var first = 0

        func popFirst() -> PoolJob? {
            guard first < jobs.count else { return nil }
            let job = jobs[first].take()
            first += 1
            if first == jobs.count {
                jobs.removeAll(keepingCapacity: jobs.count <= 64)
                first = 0
            } else if first > 1024 && first > jobs.count / 2 {
                jobs.removeFirst(first)
                first = 0
            }
            return job
        }
    }

    /// The lanes of class `Lane`, by owner: of the dictionary type of `OrderedRegistry`, which saves a further one, 4 KB.
    private var lanes: [UInt64: AnyObject] = [:]
    /// The owners that have jobs, in the order in which their next run, from `nextTurn` on.
    private var turns: [UInt64] = []
    private var nextTurn = 0

    mutating func append(_ job: PoolJob, of owner: Owner) {
        let key = owner.map { UInt64(UInt(bitPattern: $0)) } ?? 0
        let lane = lane(at: key) ?? Lane()
        if lane.jobs.isEmpty {
            turns.append(key)
            lanes[key] = lane
        }
        lane.jobs.append(job)
    }

    /// The next job, cancelled or not.
    mutating func popFirst() -> PoolJob? {
        guard nextTurn < turns.count else { return nil }
        let key = turns[nextTurn]
        nextTurn += 1
        if nextTurn > 64 && nextTurn > turns.count / 2 {
            turns.removeFirst(nextTurn)
            nextTurn = 0
        }
        let lane = lane(at: key)
        let job = lane?.popFirst()
        if lane?.jobs.isEmpty ?? true {
            lanes[key] = nil
        } else {
            turns.append(key)
        }
        return job
    }

    /// Removes the jobs that were cancelled.
    mutating func removeCancelled() {
        for key in turns[nextTurn...] {
            guard let lane = lane(at: key) else { continue }
            lane.jobs.removeAll { !($0?.isWaiting ?? false) }
            lane.first = 0
            if lane.jobs.isEmpty { lanes[key] = nil }
        }
        turns = turns[nextTurn...].filter { lane(at: $0) != nil }
        nextTurn = 0
    }

    @inline(never)
    private func lane(at key: UInt64) -> Lane? {
        lanes[key].map { unsafe unsafeDowncast($0, to: Lane.self) }
    }
}
