import Glibc

/// A thread for the calls that a test makes from outside the reactor's thread.
package final class WorkerThread {
    private var thread = pthread_t()
    private var isJoined = false

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    package init(_ body: @escaping @Sendable () -> Void) {
        let context = unsafe Unmanaged.passRetained(Work(body)).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context {
                    unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                }
                return nil
            }, context)
        precondition(code == 0, "no thread could be had")
    }

    deinit { join() }

    /// Waits until the thread has ended.
    package func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(thread, nil)
    }
}
