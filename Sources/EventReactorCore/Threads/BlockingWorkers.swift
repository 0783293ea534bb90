/// Runs work that may block, off the reactor's thread if the engine lives among threads.
package protocol BlockingWorkers {
    /// - Parameter owner: owners take turns.
    func submit(
        _ work: @escaping @Sendable () -> Void, to pool: ThreadPool, for owner: AnyObject
    ) -> any CancellableWork

    /// How many pieces of work wait for a thread of the pool.
    func waitingCount(in pool: ThreadPool) -> Int
}
