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
/// that has no end yet and that its connector has given up, is replaced until it returns: it does not hold others up.
///
/// `@unchecked Sendable`: `lock` guards what varies; the rest is constant.
@safe
package final class ThreadPool: @unchecked Sendable {
    private let limit: Int
    /// The most threads, those among them whose job was abandoned.
    private let hardLimit: Int
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let signal: UnsafeMutablePointer<pthread_cond_t>
    private var queue = FairQueue()
    /// The jobs in the queue that are not cancelled, and those that are.
    private var waiting = 0
    private var cancelled = 0
    private var idle = 0
    private var threads = 0
    /// The threads whose job was abandoned.
    private var stuck = 0
    private var startsElsewhere = false
    private var generation = 0

    /// - Parameters:
    ///   - limit: how many jobs run at a time.
    ///   - hardLimit: the most threads, together with those whose job was abandoned; `limit` unless given.
    package init(limit: Int, hardLimit: Int? = nil) {
        self.limit = limit
        self.hardLimit = max(limit, hardLimit ?? limit)
        unsafe lock = .allocate(capacity: 1)
        unsafe signal = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(signal, nil)
    }

    private func withLock<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return body()
    }

    /// Runs a job on some thread, in order of arrival as threads become free.
    ///
    /// - Parameters:
    ///   - owner: whose job it is: owners take turns. Jobs of no owner are as of one more.
    ///   - body: what to run.
    @discardableResult
    package func submit(for owner: AnyObject? = nil, _ body: @escaping @Sendable () -> Void) -> PoolJob {
        let owner = owner.map { ObjectIdentifier($0) }
        let (job, starts) = withLock {
            let job = PoolJob(body, pool: self, generation: generation)
            queue.append(job, of: owner)
            waiting += 1
            unsafe pthread_cond_signal(signal)
            return (job, claimThread())
        }
        if starts { startClaimed() }
        return job
    }

    /// How many jobs wait for a thread.
    package var waitingCount: Int { withLock { waiting } }

    // MARK: Jobs that are given up

    func wasCancelled(_ job: PoolJob) {
        withLock {
            guard job.generation == generation else { return }
            waiting -= 1
            cancelled += 1
            // With every thread busy none would pass over them.
            guard cancelled > 64, cancelled > waiting else { return }
            queue.removeCancelled()
            cancelled = 0
        }
    }

    func wasAbandoned(_ job: PoolJob) {
        let starts = withLock {
            guard job.generation == generation else { return false }
            stuck += 1
            return claimThread()
        }
        if starts { startClaimed() }
    }

    // MARK: Threads

    /// Counts a thread that the caller is to start, if one more is wanted.
    private func claimThread() -> Bool {
        guard idle < waiting, threads - stuck < limit, threads < hardLimit else { return false }
        threads += 1
        return true
    }

    private func startClaimed() {
        if withLock({ startsElsewhere }) && self !== ThreadPool.waking {
            ThreadPool.waking.submit { [self] in startHere() }
        } else {
            startHere()
        }
    }

    private func startHere() {
        if start() { return }
        let isLast = withLock {
            threads -= 1
            return threads == 0
        }
        // No thread could be had and none exists: better late and here than never.
        if isLast { while let job = withLock({ next() }) { perform(job) } }
    }

    /// Starts every thread now, and has those that are wanted later started by a thread of a pool.
    ///
    /// A thread has what the one has that starts it, its descriptor table and its processors: those of a reactor may be
    /// meant for that reactor alone.
    ///
    /// - Returns: whether there is a thread at all.
    package func startAllThreads() -> Bool {
        while true {
            let starts = withLock {
                startsElsewhere = true
                guard threads - stuck < limit, threads < hardLimit else { return false }
                threads += 1
                return true
            }
            guard starts else { return true }
            guard start() else {
                return withLock {
                    threads -= 1
                    return threads > 0
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
        if !job.finish() { withLock { stuck -= 1 } }
    }

    /// The next job; nil if the thread is to end, having replaced one that has come back.
    private func waitForJob() -> PoolJob? {
        withLock {
            while true {
                if let job = next() { return job }
                if threads - stuck > limit {
                    threads -= 1
                    return nil
                }
                idle += 1
                unsafe pthread_cond_wait(signal, lock)
                idle -= 1
            }
        }
    }

    /// The next job that was not cancelled, taken for running.
    private func next() -> PoolJob? {
        while let job = queue.popFirst() {
            if job.begin() {
                waiting -= 1
                return job
            }
            cancelled -= 1
        }
        return nil
    }

    // MARK: Forking

    func prepareToFork() {
        unsafe pthread_mutex_lock(lock)
    }

    func continueAfterFork() {
        unsafe pthread_mutex_unlock(lock)
    }

    /// In the child, which has none of the threads: what they were about is done in the parent.
    func restartInChild() {
        // Not released: what the jobs captured is the parent's, and closing or ending it is the parent's to do.
        _ = unsafe Unmanaged.passRetained(Leftover(queue: queue))
        queue = FairQueue()
        (waiting, cancelled, idle, threads, stuck) = (0, 0, 0, 0, 0)
        startsElsewhere = false
        generation += 1
        // It knows of waiters that are no more, and would give its next signals to them.
        unsafe pthread_cond_init(signal, nil)
        unsafe pthread_mutex_unlock(lock)
    }

    private final class Leftover {
        private let queue: FairQueue

        init(queue: FairQueue) {
            self.queue = queue
        }
    }
}
