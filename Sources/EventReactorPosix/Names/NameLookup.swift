import EventReactorCore

/// A lookup of a name by thread pools.
///
/// A thread of the first pool finds out whether the machine knows the name without a server. Such a name is resolved at
/// once; any other goes to the second pool, where lookups may wait for one another.
final class NameLookup: CancellableWork {
    private struct Jobs {
        var isCancelled = false
        var all: [PoolJob] = []
    }

    private let host: String
    private let owner: RemoteQueue
    private let resolve: @Sendable () -> Void
    private let jobs = Locked(Jobs())

    init(of host: String, for owner: RemoteQueue, resolve: @escaping @Sendable () -> Void) {
        self.host = host
        self.owner = owner
        self.resolve = resolve
    }

    func start() {
        submit(to: .localNames) { lookup in
            if LocalNames.contain(lookup.host) {
                lookup.resolve()
            } else {
                lookup.submit(to: .resolving) { $0.resolve() }
            }
        }
    }

    private func submit(to pool: ThreadPool, _ body: @escaping @Sendable (NameLookup) -> Void) {
        guard !jobs.withLock({ $0.isCancelled }) else { return }
        // Not inside the lock: without a thread to be had the job runs here.
        let job = pool.submit(for: owner) { body(self) }
        let isTooLate = jobs.withLock { jobs in
            jobs.all.append(job)
            return jobs.isCancelled
        }
        if isTooLate { job.cancel() }
    }

    func cancel() {
        let all = jobs.withLock { jobs in
            jobs.isCancelled = true
            defer { jobs.all = [] }
            return jobs.all
        }
        for job in all { job.cancel() }
    }
}
