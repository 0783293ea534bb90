#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Threads for work that blocks.
///
/// They are started as work asks for them and then stay. A thread whose job was cancelled as it ran, such as a lookup
/// that has no end yet and that its connector has given up, is replaced until it returns: it delays no other job.
package final class ThreadPool: Sendable {
    private struct State {
        var queue = FairQueue()
        /// The jobs in the queue that are not cancelled, and those that are.
        var waiting = 0
        var cancelled = 0
        var idle = 0
        var threads = 0
        /// The threads whose job was abandoned.
        var stuck = 0
        var startsElsewhere = false
        var generation = 0
    }

    private let limit: Int
    /// The most threads, those among them whose job was abandoned.
    private let hardLimit: Int
    private let state = Locked(State())

    /// - Parameters:
    ///   - limit: how many jobs run at a time.
    ///   - hardLimit: the most threads, together with those whose job was abandoned; `limit` unless given.
    init(limit: Int, hardLimit: Int? = nil) {
        self.limit = limit
        self.hardLimit = max(limit, hardLimit ?? limit)
    }

    /// Runs a job on some thread, in order of arrival as threads become free.
    ///
    /// - Parameters:
    ///   - owner: the owner of the job: owners take turns. Jobs of no owner are as of one more.
    ///   - body: what to run.
    @discardableResult
    package func submit(for owner: AnyObject? = nil, _ body: @escaping @Sendable () -> Void) -> PoolJob {
        let owner = owner.map { ObjectIdentifier($0) }
        let (job, starts) = state.withLock { state in
            let job = PoolJob(body, pool: self, generation: state.generation)
            state.queue.append(job, of: owner)
            state.waiting += 1
            self.state.signal()
            return (job, claimThread(&state))
        }
        if starts { startClaimed() }
        return job
    }

    /// The jobs that wait for a thread.
    var waitingCount: Int { state.withLock { $0.waiting } }

    // MARK: Jobs that are given up

    func wasCancelled(_ job: PoolJob) {
        state.withLock { state in
            guard job.generation == state.generation else { return }
            state.waiting -= 1
            state.cancelled += 1
            // With every thread busy none would pass over them.
            guard state.cancelled > 64, state.cancelled > state.waiting else { return }
            state.queue.removeCancelled()
            state.cancelled = 0
        }
    }

    func wasAbandoned(_ job: PoolJob) {
        let starts = state.withLock { state in
            guard job.generation == state.generation else { return false }
            state.stuck += 1
            return claimThread(&state)
        }
        if starts { startClaimed() }
    }

    // MARK: Threads

    /// Counts a thread that the caller is to start, if one more is wanted.
    private func claimThread(_ state: inout State) -> Bool {
        state.idle < state.waiting && addThread(&state)
    }

    /// Counts a thread that the caller is to start, if there may be one more.
    private func addThread(_ state: inout State) -> Bool {
        guard state.threads - state.stuck < limit, state.threads < hardLimit else { return false }
        state.threads += 1
        return true
    }

    @inline(never)
    private func startClaimed() {
        if state.withLock({ $0.startsElsewhere }) && self !== ThreadPool.waking {
            ThreadPool.waking.submit { [self] in startHere() }
        } else {
            startHere()
        }
    }

    private func startHere() {
        if start() { return }
        let isLast = state.withLock { state in
            state.threads -= 1
            return state.threads == 0
        }
        // No thread could be had and none exists: better late and here than never.
        if isLast { while let job = state.withLock({ next(&$0) }) { perform(job) } }
    }

    /// Starts every thread now, and has those that are wanted later started by a thread of a pool.
    ///
    /// A thread has what the one has that starts it, its descriptor table and its processors: those of a reactor may be
    /// meant for that reactor alone.
    ///
    /// - Returns: whether there is a thread at all.
    func startAllThreads() -> Bool {
        while true {
            let starts = state.withLock { state in
                state.startsElsewhere = true
                return addThread(&state)
            }
            guard starts else { return true }
            guard start() else {
                return state.withLock { state in
                    state.threads -= 1
                    return state.threads > 0
                }
            }
        }
    }

    private func start() -> Bool {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { unsafe pthread_attr_destroy(&attributes) }
        let context = unsafe Unmanaged.passRetained(self)
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let code = unsafe pthread_create(
            &thread, &attributes,
            { context in
                #if canImport(Darwin)
                let context: UnsafeMutableRawPointer? = unsafe context
                #endif
                if let context = unsafe context {
                    unsafe Unmanaged<ThreadPool>.fromOpaque(context).takeRetainedValue().work()
                }
                return nil
            }, context.toOpaque())
        if code != 0 { unsafe context.release() }
        return code == 0
    }

    private func work() {
        while let job = waitForJob() { perform(job) }
    }

    private func perform(_ job: PoolJob) {
        if !job.finish() { state.withLock { $0.stuck -= 1 } }
    }

    /// The next job; nil if the thread is to end, having replaced one that has come back.
    private func waitForJob() -> PoolJob? {
        var isIdle = false
        return state.wait { state -> PoolJob?? in
            if isIdle { state.idle -= 1 }
            if let job = next(&state) { return .some(job) }
            if state.threads - state.stuck > limit {
                state.threads -= 1
                return .some(nil)
            }
            state.idle += 1
            isIdle = true
            return nil
        }
    }

    /// The next job that was not cancelled, claimed for running.
    @inline(never)
    private func next(_ state: inout State) -> PoolJob? {
        while let job = state.queue.popFirst() {
            if job.begin() {
                state.waiting -= 1
                return job
            }
            state.cancelled -= 1
        }
        return nil
    }

    // MARK: Forking

    func prepareToFork() {
        state.prepareToFork()
    }

    func continueAfterFork() {
        state.continueAfterFork()
    }

    /// In the child, which has none of the threads: what they were about is done in the parent.
    func restartInChild() {
        state.restartInChild { state in
            // Not released: what the jobs captured is the parent's, and closing or ending it is the parent's to do.
            _ = unsafe Unmanaged.passRetained(Leftover(queue: state.queue))
            state = State(generation: state.generation + 1)
        }
    }

    private final class Leftover {
        private let queue: FairQueue

        init(queue: FairQueue) {
            self.queue = queue
        }
    }
}
