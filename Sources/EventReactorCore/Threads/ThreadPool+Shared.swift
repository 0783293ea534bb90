#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The pools of the process.
///
/// They work in the child of a fork as well, with threads of its own.
extension ThreadPool {
    /// For the work of programs (`deferToThread`): 16 jobs at a time.
    package static let work = shared(limit: 16, hardLimit: 64)

    /// For resolving names, so that long work delays none: 8 names at a time.
    package static let resolving = shared(limit: 8, hardLimit: 64)

    /// For resolving names that the machine knows by itself: they wait for no server.
    package static let localNames = shared(limit: 2, hardLimit: 16)

    /// For short work that cannot wait: waking a reactor whose file descriptor the caller's thread does not have, and
    /// starting threads that are to inherit nothing of a reactor's.
    package static let waking = shared(limit: 1, hardLimit: 1)

    private static var all: [ThreadPool] { [work, resolving, localNames, waking] }

    /// Starts the threads of all of them now; see `startAllThreads()`.
    package static func startAllThreadsOfAll() -> Bool { all.allSatisfy { $0.startAllThreads() } }

    private static func shared(limit: Int, hardLimit: Int) -> ThreadPool {
        _ = forkHandlers
        return ThreadPool(limit: limit, hardLimit: hardLimit)
    }

    /// Locks the pools during a fork, so that the child finds nothing half done.
    private static let forkHandlers: Int32 = pthread_atfork(
        { for pool in ThreadPool.all { pool.prepareToFork() } },
        { for pool in ThreadPool.all { pool.continueAfterFork() } },
        { for pool in ThreadPool.all { pool.restartInChild() } })
}
