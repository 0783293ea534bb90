/// The process's thread pools.
package struct PoolWorkers: BlockingWorkers {
    package init() {}

    package func submit(
        _ work: @escaping @Sendable () -> Void, to pool: ThreadPool, for owner: AnyObject
    ) -> any CancellableWork {
        pool.submit(for: owner, work)
    }

    package func waitingCount(in pool: ThreadPool) -> Int { pool.waitingCount }
}
