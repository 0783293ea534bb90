/// The queue of calls from other threads to a reactor, and their request to stop it.
package final class RemoteQueue: Sendable {
    package typealias Job = JobList.Job

    private enum Phase {
        case fresh, running, ended
    }

    private struct Contents: ~Copyable {
        var jobs = JobList()
        var phase = Phase.fresh
        var stopRequested = false
        /// The reactor was woken or is awake, and drains the queue before it sleeps: a burst of calls costs one
        /// wake-up.
        var isAwake = false
        var wake: (@Sendable () -> Void)?

        /// Wakes the reactor unless it is awake.
        ///
        /// Called under the lock: when `close` has returned, the engine's descriptor is not used any more.
        mutating func wakeIfAsleep() {
            guard !isAwake else { return }
            isAwake = true
            wake?()
        }
    }

    private let contents = Locked(Contents())

    package init() {}

    package func connect(wake: @escaping @Sendable () -> Void) {
        contents.withLock { $0.wake = wake }
    }

    package func close() {
        // Jobs are released outside the lock: objects that they captured may run code in their deinit.
        var rest = JobList()
        contents.withLock { contents in
            swap(&rest, &contents.jobs)
            contents.wake = nil
            contents.phase = .ended
            contents.isAwake = true
        }
        _ = consume rest
    }

    package func post(_ job: @escaping Job) {
        contents.withLock { contents in
            guard contents.wake != nil else { return }
            contents.jobs.append(job)
            contents.wakeIfAsleep()
        }
    }

    /// The number of calls that wait.
    package var count: Int { contents.withLock { $0.jobs.count } }

    /// Requests a stop of the current run, or before the first run of that one; after a run it does nothing.
    package func requestStop() {
        contents.withLock { contents in
            guard contents.phase != .ended else { return }
            contents.stopRequested = true
            contents.wakeIfAsleep()
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

    /// Moves all calls to a list, in the order of posting.
    ///
    /// From then on a post does not wake the reactor: it has to call `drainOrSleep` each turn, until it may sleep.
    ///
    /// - Returns: Whether a stop was requested.
    package func drain(into jobs: inout JobList) -> Bool {
        contents.withLock { contents in
            contents.isAwake = true
            swap(&jobs, &contents.jobs)
            defer { contents.stopRequested = false }
            return contents.stopRequested
        }
    }

    /// Moves all calls to a list; if there are none, lets the next post wake the reactor again.
    ///
    /// - Returns: Whether a stop was requested, and whether the queue was empty, so that the reactor may sleep.
    package func drainOrSleep(into jobs: inout JobList) -> (stops: Bool, maySleep: Bool) {
        contents.withLock { contents in
            swap(&jobs, &contents.jobs)
            let stops = contents.stopRequested
            contents.stopRequested = false
            let maySleep = jobs.isEmpty && !stops
            if maySleep { contents.isAwake = false }
            return (stops, maySleep)
        }
    }
}
