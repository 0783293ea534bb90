#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Threads for work that blocks.
///
/// They are started as work asks for them and then stay.
///
/// `@unchecked Sendable`: `lock` guards `jobs`, `idle` and `threads`; the rest is constant.
@safe
package final class ThreadPool: @unchecked Sendable {
    /// For the work of programs (`deferToThread`); 16 threads at most.
    package static let work = ThreadPool(limit: 16)

    /// For resolving names, so that long work delays none; 8 threads at most.
    package static let resolving = ThreadPool(limit: 8)

    /// For what cannot wait and takes no time: waking a reactor whose descriptor the caller's thread does not have.
    package static let waking = ThreadPool(limit: 1)

    private let limit: Int
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let signal: UnsafeMutablePointer<pthread_cond_t>
    // A job that is taken leaves nil: what it captured goes with it, and not under the lock.
    private var jobs: [(@Sendable () -> Void)?] = []
    private var first = 0
    private var idle = 0
    private var threads = 0

    package init(limit: Int) {
        self.limit = limit
        unsafe lock = .allocate(capacity: 1)
        unsafe signal = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(signal, nil)
    }

    /// Runs a job on some thread, in order of arrival as threads become free.
    package func submit(_ job: @escaping @Sendable () -> Void) {
        unsafe pthread_mutex_lock(lock)
        jobs.append(job)
        let starts = idle < jobs.count - first && threads < limit
        if starts { threads += 1 }
        unsafe pthread_cond_signal(signal)
        unsafe pthread_mutex_unlock(lock)
        if starts && !start() {
            unsafe pthread_mutex_lock(lock)
            threads -= 1
            let last = threads == 0
            unsafe pthread_mutex_unlock(lock)
            // No thread could be had and none exists: better late and here than never.
            if last { while let job = take(waits: false) { job() } }
        }
    }

    /// How many jobs wait for a thread.
    package var waitingCount: Int {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return jobs.count - first
    }

    /// Starts every thread now.
    ///
    /// A thread has what the one has that starts it, its descriptor table and its processors: those of a reactor may be
    /// meant for that reactor alone.
    ///
    /// - Returns: whether there is a thread at all.
    package func startAllThreads() -> Bool {
        while true {
            unsafe pthread_mutex_lock(lock)
            let starts = threads < limit
            if starts { threads += 1 }
            unsafe pthread_mutex_unlock(lock)
            guard starts else { return true }
            guard start() else {
                unsafe pthread_mutex_lock(lock)
                threads -= 1
                let isThere = threads > 0
                unsafe pthread_mutex_unlock(lock)
                return isThere
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
        while let job = take(waits: true) { job() }
    }

    private func take(waits: Bool) -> (@Sendable () -> Void)? {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        idle += 1
        while first == jobs.count {
            guard waits else {
                idle -= 1
                return nil
            }
            unsafe pthread_cond_wait(signal, lock)
        }
        idle -= 1
        let job = jobs[first]
        jobs[first] = nil
        first += 1
        if first == jobs.count {
            jobs.removeAll(keepingCapacity: jobs.count <= 1024)
            first = 0
        } else if first > 1024 && first > jobs.count / 2 {
            jobs.removeFirst(first)
            first = 0
        }
        return job
    }
}
