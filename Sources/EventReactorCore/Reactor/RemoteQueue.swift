/// The calls that other threads have for a reactor, and whether they have asked it to stop.
package final class RemoteQueue: Sendable {
    package typealias Job = JobList.Job

    private enum Phase {
        case fresh, running, ended
    }

    private struct Contents: ~Copyable {
        var jobs = JobList()
        var phase = Phase.fresh
        var stopRequested = false
        /// The reactor has been woken or is awake, and looks again before it sleeps: a burst of calls costs one wake-up.
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
        var rest = JobList()
        contents.withLock { contents in
            swap(&rest, &contents.jobs)
            contents.wake = nil
            contents.phase = .ended
            contents.armed = true
        }
        _ = consume rest
    }

    package func post(_ job: @escaping Job) {
        contents.withLock { contents in
            guard contents.wake != nil else { return }
            contents.jobs.append(job)
            contents.arm()
        }
    }

    /// How many calls wait.
    package var count: Int { contents.withLock { $0.jobs.count } }

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
    ///
    /// Nobody wakes the reactor from here on, so it has to look again before it sleeps, until `drainOrSleep` says that
    /// it may.
    package func drain(into jobs: inout JobList) -> Bool {
        contents.withLock { contents in
            contents.armed = true
            swap(&jobs, &contents.jobs)
            defer { contents.stopRequested = false }
            return contents.stopRequested
        }
    }

    /// Takes what has come since, or has the next that comes wake the reactor.
    ///
    /// - Returns: whether a stop was asked for, and whether there was nothing, so that the reactor may sleep.
    package func drainOrSleep(into jobs: inout JobList) -> (stops: Bool, maySleep: Bool) {
        contents.withLock { contents in
            swap(&jobs, &contents.jobs)
            let stops = contents.stopRequested
            contents.stopRequested = false
            let maySleep = jobs.isEmpty && !stops
            if maySleep { contents.armed = false }
            return (stops, maySleep)
        }
    }
}

/// The handle to a reactor that other threads may hold: the one thing that crosses threads.
///
/// It does not keep the reactor alive. What is posted to a reactor that is gone is dropped.
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

    /// Runs a closure on the reactor's thread, and wakes the reactor where it sleeps.
    ///
    /// It may be called from any thread, and returns at once. The calls of one thread run in their order. Calls made
    /// while the reactor is not running wait for its next run.
    ///
    /// - Parameter body: what to run; it is given the reactor, and must not let it leave its thread.
    public func callFromThread(_ body: @escaping @Sendable (Owner) -> Void) {
        // The queue is the owner's, so its reactor is one. A closure that casts the reactor and calls this one would say
        // the same, and cost an allocation; closures that take an object are called alike, whatever its class.
        queue.post(unsafe unsafeBitCast(OwnJob(body: body), to: AnyJob.self).body)
    }

    /// Stops the reactor as its own `stop()` does; any number of calls from any threads count as one.
    ///
    /// A call before the first `run()` stops that run as it starts; one after a run has ended does nothing.
    public func stop() {
        queue.requestStop()
    }
}
