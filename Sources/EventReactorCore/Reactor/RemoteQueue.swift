/// The queue of calls from other threads to a reactor, and their request to stop it.
package final class RemoteQueue: Sendable {
    package typealias Job = @Sendable (ReactorBase) -> Void

    private struct Contents: ~Copyable {
        var jobs = JobList()
        /// Whether a run has ended, and none has begun since.
        var hasEnded = false
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

    init() {}

    func connect(wake: @escaping @Sendable () -> Void) {
        contents.withLock { $0.wake = wake }
    }

    package func close() {
        // Jobs are released outside the lock: objects that they captured may run code in their deinit.
        var rest = JobList()
        contents.withLock { contents in
            swap(&rest, &contents.jobs)
            contents.wake = nil
            contents.hasEnded = true
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
    var count: Int { contents.withLock { $0.jobs.count } }

    /// Requests a stop of the current run, or before the first run of that one; after a run it does nothing.
    package func requestStop() {
        contents.withLock { contents in
            guard !contents.hasEnded else { return }
            contents.stopRequested = true
            contents.wakeIfAsleep()
        }
    }

    func runBegan() {
        contents.withLock { $0.hasEnded = false }
    }

    func runEnded() {
        contents.withLock {
            $0.hasEnded = true
            $0.stopRequested = false
        }
    }

    /// Moves all calls to a list, in the order of posting.
    ///
    /// From then on a post does not wake the reactor: it has to call `drainOrSleep` each turn, until it may sleep.
    ///
    /// - Returns: Whether a stop was requested.
    func drain(into jobs: inout JobList) -> Bool {
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
    func drainOrSleep(into jobs: inout JobList) -> (stops: Bool, maySleep: Bool) {
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
