#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A value that threads share, behind a mutex with a condition variable.
///
/// The standard library's `Mutex` has no condition variable, and ThreadSanitizer does not see the part of it that waits
/// and reports races that are none; it knows this one.
///
/// `@unchecked Sendable`: `mutex` guards `value`.
@safe
package final class Locked<Value: ~Copyable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    package init(_ value: consuming sending Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs a closure that has the value to itself; it must not lock the same value again.
    package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Runs a closure as `withLock` does, and again after each signal until it returns a result; blocks this thread.
    package func wait<Result>(for body: (inout Value) -> Result?) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) { return result }
            unsafe pthread_cond_wait(condition, mutex)
        }
    }

    /// Wakes one of the threads that wait.
    func signal() {
        unsafe pthread_cond_signal(condition)
    }

    /// Wakes all threads that wait.
    func broadcast() {
        unsafe pthread_cond_broadcast(condition)
    }

    // MARK: Forking

    /// Locks it until the fork, so that the child finds nothing half done.
    func prepareToFork() {
        unsafe pthread_mutex_lock(mutex)
    }

    /// Unlocks it after the fork, in the parent.
    func continueAfterFork() {
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Unlocks it after the fork, in the child, which has none of the threads that wait.
    ///
    /// - Parameter body: runs before, with the value to itself.
    func restartInChild(_ body: (inout Value) -> Void) {
        body(&value)
        // It still has the parent's waiters, and would give its next signals to them.
        unsafe pthread_cond_init(condition, nil)
        unsafe pthread_mutex_unlock(mutex)
    }
}
