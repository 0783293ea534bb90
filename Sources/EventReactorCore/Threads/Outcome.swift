import Glibc

/// A value that comes once, for threads that block until it is there and for tasks that do not.
///
/// `@unchecked Sendable`: `lock` guards `value` and `waiting`; the rest is constant.
@safe
package final class Outcome<Value: Sendable>: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let signal: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value?
    private var waiting: [@Sendable (Value) -> Void] = []

    package init() {
        unsafe lock = .allocate(capacity: 1)
        unsafe signal = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(signal, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(signal)
        unsafe pthread_mutex_destroy(lock)
        unsafe lock.deallocate()
        unsafe signal.deallocate()
    }

    /// The first value counts.
    package func complete(_ value: Value) {
        unsafe pthread_mutex_lock(lock)
        let isFirst = self.value == nil
        if isFirst { self.value = value }
        let told = isFirst ? waiting : []
        if isFirst { waiting = [] }
        unsafe pthread_cond_broadcast(signal)
        unsafe pthread_mutex_unlock(lock)
        for body in told { body(value) }
    }

    /// Blocks this thread until the value is there.
    package func wait() -> Value {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        while true {
            if let value { return value }
            unsafe pthread_cond_wait(signal, lock)
        }
    }

    /// The value if it is there.
    package var current: Value? {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return value
    }

    /// The value, for a task: its thread is free meanwhile.
    package func get() async -> Value {
        await withCheckedContinuation { continuation in
            whenComplete { continuation.resume(returning: $0) }
        }
    }

    private func whenComplete(_ body: @escaping @Sendable (Value) -> Void) {
        unsafe pthread_mutex_lock(lock)
        let known = value
        if known == nil { waiting.append(body) }
        unsafe pthread_mutex_unlock(lock)
        if let known { body(known) }
    }
}
