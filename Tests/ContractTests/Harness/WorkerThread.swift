import Glibc

/// A thread of its own, for what a test has to do from outside the reactor's.
final class WorkerThread {
    private var thread = pthread_t()
    private var isJoined = false

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    init(_ body: @escaping @Sendable () -> Void) {
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
    func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(thread, nil)
    }
}

/// How many descriptors of the process are open on what a test may have left behind.
enum OpenDescriptors {
    /// The process's open descriptors, except the standard ones.
    static func all() -> Set<Int32> {
        Set((3..<4096).filter { fcntl($0, F_GETFD) >= 0 })
    }
}
