/// The calls that other threads have for a reactor, and whether they have asked it to stop.
package final class RemoteQueue: Sendable {
    package typealias Job = @Sendable (ReactorBase) -> Void

    private enum Phase {
        case fresh, running, ended
    }

    private struct Contents {
        var jobs: [Job] = []
        var phase = Phase.fresh
        var stopRequested = false
        /// A wake-up is on its way, so that a burst of calls costs one.
        var armed = false
        var wake: (@Sendable () -> Void)?

        /// Made under the lock: once `close` has returned, the engine's descriptor is touched no more.
        mutating func arm() {
            guard !armed else { return }
            armed = true
            wake?()
        }
    }

    private let contents = Locked(Contents())

    package init() {}

    package func connect(wake: @escaping @Sendable () -> Void) {
        contents.withLock { $0.wake = wake }
    }

    package func close() {
        // The jobs go outside the lock: what they captured may run code of its own when it is freed.
        let rest = contents.withLock { contents in
            defer { contents.jobs = [] }
            contents.wake = nil
            contents.phase = .ended
            contents.armed = true
            return contents.jobs
        }
        _ = rest
    }

    package func post(_ job: @escaping Job) {
        contents.withLock { contents in
            guard contents.wake != nil else { return }
            contents.jobs.append(job)
            contents.arm()
        }
    }

    /// Asks for a stop.
    ///
    /// Before the first run it is kept for it; after a run it has nothing to stop.
    package func requestStop() {
        contents.withLock { contents in
            guard contents.phase != .ended else { return }
            contents.stopRequested = true
            contents.arm()
        }
    }

    package func runBegan() {
        contents.withLock { $0.phase = .running }
    }

    package func runEnded() {
        contents.withLock {
            $0.phase = .ended
            $0.stopRequested = false
        }
    }

    /// Takes what there is, in the order in which it was posted.
    package func take(into jobs: inout [Job]) -> Bool {
        contents.withLock { contents in
            swap(&jobs, &contents.jobs)
            contents.armed = false
            defer { contents.stopRequested = false }
            return contents.stopRequested
        }
    }
}

/// The handle to a reactor that other threads may hold: the one thing that crosses threads.
///
/// It does not keep the reactor alive. What is posted to a reactor that is gone is dropped.
public struct Remote<Owner: ReactorBase>: Sendable {
    private let queue: RemoteQueue

    package init(_ queue: RemoteQueue) {
        self.queue = queue
    }

    /// Runs a closure on the reactor's thread, and wakes the reactor where it sleeps.
    ///
    /// It may be called from any thread, and returns at once. The calls of one thread run in their order. Calls made
    /// while the reactor is not running wait for its next run.
    ///
    /// - Parameter body: what to run; it is given the reactor, and must not let it leave its thread.
    public func callFromThread(_ body: @escaping @Sendable (Owner) -> Void) {
        queue.post { reactor in
            // The queue is the owner's, so its reactor is one.
            body(unsafe unsafeDowncast(reactor, to: Owner.self))
        }
    }

    /// Stops the reactor as its own `stop()` does; any number of calls from any threads count as one.
    ///
    /// A call before the first `run()` stops that run as it starts; one after a run has ended does nothing.
    public func stop() {
        queue.requestStop()
    }
}
