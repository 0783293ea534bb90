/// The process's thread pools.
struct PoolWorkers: BlockingWorkers {
    init() {}

    func submit(
        _ work: @escaping @Sendable () -> Void, to pool: ThreadPool, for owner: AnyObject
    ) -> any CancellableWork {
        pool.submit(for: owner, work)
    }

    func waitingCount(in pool: ThreadPool) -> Int { pool.waitingCount }
}
