/// Jobs in order of arrival, of which each owner's next runs in turn: the backlog of one delays no other.
struct FairQueue {
    /// The owner of jobs; nil for jobs of no owner.
    typealias Owner = ObjectIdentifier?

    private struct Lane {
        // A job that is popped leaves nil.
        var jobs: [PoolJob?] = []
        var first = 0

        mutating func popFirst() -> PoolJob? {
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

    private var lanes: [Owner: Lane] = [:]
    /// The owners that have jobs, in the order in which their next run, from `nextTurn` on.
    private var turns: [Owner] = []
    private var nextTurn = 0

    mutating func append(_ job: PoolJob, of owner: Owner) {
        if lanes[owner] == nil { turns.append(owner) }
        lanes[owner, default: Lane()].jobs.append(job)
    }

    /// The next job, cancelled or not.
    mutating func popFirst() -> PoolJob? {
        guard nextTurn < turns.count else { return nil }
        let owner = turns[nextTurn]
        nextTurn += 1
        if nextTurn > 64 && nextTurn > turns.count / 2 {
            turns.removeFirst(nextTurn)
            nextTurn = 0
        }
        let job = lanes[owner]?.popFirst()
        if lanes[owner]?.jobs.isEmpty ?? true {
            lanes[owner] = nil
        } else {
            turns.append(owner)
        }
        return job
    }

    /// Removes the jobs that were cancelled.
    mutating func removeCancelled() {
        for owner in turns[nextTurn...] {
            lanes[owner]?.jobs.removeAll { !($0?.isWaiting ?? false) }
            lanes[owner]?.first = 0
            if lanes[owner]?.jobs.isEmpty ?? true { lanes[owner] = nil }
        }
        turns = turns[nextTurn...].filter { lanes[$0] != nil }
        nextTurn = 0
    }
}
