/// A handle to a reactor for other threads and tasks: the only object of a reactor that may cross threads.
///
/// ```swift
/// let remote = reactor.remote
/// Task.detached {
///     remote.callFromThread { reactor in
///         reactor.callLater(.seconds(1)) { print("one second later, on the reactor's thread") }
///     }
/// }
/// ```
///
/// It does not retain the reactor. Calls to a reactor that was released or closed are dropped.
public struct RemoteHandle<Owner: ReactorBase>: Sendable {
    private struct OwnJob {
        let body: @Sendable (Owner) -> Void
    }

    private struct AnyJob {
        let body: RemoteQueue.Job
    }

    private let queue: RemoteQueue

    package init(_ queue: RemoteQueue) {
        self.queue = queue
    }

    /// Calls a closure once on the reactor's thread, and wakes the reactor if it sleeps.
    ///
    /// It may be called on any thread, and returns immediately. Calls of one thread run in their order. If the reactor
    /// is not running, they wait for its next run. A turn spends at most about 2 ms on them, and leaves the rest to the
    /// next turns.
    ///
    /// - Parameter body: The closure to call, with the reactor as its argument, which must not leave its thread.
    public func callFromThread(_ body: @escaping @Sendable (Owner) -> Void) {
        // Safe: the queue belongs to an `Owner`, which alone calls the closure, and closures that take one object have
        // the same calling convention whatever its class. A wrapper that casts the reactor would cost an allocation.
        queue.post(unsafe unsafeBitCast(OwnJob(body: body), to: AnyJob.self).body)
    }

    /// Requests a stop of the reactor, as by ``ReactorBase/stop()``.
    ///
    /// It may be called on any thread, any number of times, and returns immediately. Before the first
    /// ``ReactorBase/run()`` it stops that run when it starts; after a run has ended it does nothing.
    public func stop() {
        queue.requestStop()
    }
}
