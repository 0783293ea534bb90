import Synchronization

/// One piece of work of a pool: waiting, running, abandoned as it ran, or over.
///
/// `@unchecked Sendable`: only the thread that moves `state` on from `waiting` accesses `body`; the rest is constant.
package final class PoolJob: CancellableWork, @unchecked Sendable {
    private enum State {
        static let waiting = 0
        static let running = 1
        static let abandoned = 2
        static let over = 3
    }

    private let state = Atomic<Int>(State.waiting)
    private var body: (@Sendable () -> Void)?
    private let pool: ThreadPool?
    /// The pool's generation: the child of a fork does not count its parent's jobs.
    let generation: Int

    /// - Parameter pool: counts the job; nil for a job that its owner runs itself.
    package init(_ body: @escaping @Sendable () -> Void, pool: ThreadPool? = nil, generation: Int = 0) {
        self.body = body
        self.pool = pool
        self.generation = generation
    }

    /// Whether it is neither cancelled nor begun.
    var isWaiting: Bool { state.load(ordering: .acquiring) == State.waiting }

    private func move(from: Int, to: Int) -> Bool {
        state.compareExchange(expected: from, desired: to, ordering: .acquiringAndReleasing).exchanged
    }

    /// Claims the job for running.
    ///
    /// - Returns: false if it was cancelled.
    func begin() -> Bool { move(from: State.waiting, to: State.running) }

    /// Runs what `begin` claimed, and releases it.
    ///
    /// - Returns: false if it was abandoned meanwhile.
    func finish() -> Bool {
        let body = self.body.take()
        body?()
        _ = consume body
        return move(from: State.running, to: State.over)
    }

    /// Runs it on this thread, unless it was cancelled.
    package func run() {
        if begin() { _ = finish() }
    }

    package func cancel() {
        if move(from: State.waiting, to: State.over) {
            // Released outside the pool's lock: what it captured may run code of its own.
            body = nil
            pool?.wasCancelled(self)
        } else if move(from: State.running, to: State.abandoned) {
            pool?.wasAbandoned(self)
        }
    }
}
