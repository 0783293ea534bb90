import EventReactorCore
import Glibc

/// A thread that is joined or detached.
struct GroupThread: Sendable {
    private let thread: pthread_t

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// Starts it.
    ///
    /// The closure's captures are released on the thread itself, before it ends.
    init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let work = unsafe Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context {
                    unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                }
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            unsafe work.release()
            throw SystemError(code: code, operation: "pthread_create")
        }
        self.thread = thread
    }

    /// Blocks until it has ended; to be called once.
    func join() {
        pthread_join(thread, nil)
    }

    /// Lets it end by itself, in place of `join`.
    func detach() {
        pthread_detach(thread)
    }
}
