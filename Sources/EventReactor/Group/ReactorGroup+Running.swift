import CEventReactorShims
import EventReactorCore

extension ReactorGroup {
    /// The number of processors that the process may use: those in its affinity mask, and no more than the quota of its
    /// control group (`docker run --cpus`) is worth.
    public static var availableProcessors: Int {
        let allowed = max(1, Processors.allowed.count)
        return min(allowed, ProcessorQuota.current ?? allowed)
    }

    /// Creates a group that does not run yet.
    ///
    /// - Parameters:
    ///   - count: the number of reactors, 1 to 4096. `nil` (default): ``availableProcessors``.
    ///   - configuration: settings of the group and of its reactors.
    ///   - setUp: called once for each reactor at every start, on the reactor's own thread, one after another in the order
    ///     of ``Reactor/placeInGroup``. It listens, connects and sets timers; the group runs the reactor.
    /// - Throws: ``ReactorGroupError/invalidConfiguration(_:)``.
    public convenience init(
        count: Int? = nil, configuration: Configuration = Configuration(),
        setUp: @escaping @Sendable (Reactor) throws -> Void
    ) throws(ReactorGroupError) {
        let count = count ?? ReactorGroup.availableProcessors
        // More than any machine has processors.
        let most = 4096
        guard (1...most).contains(count) else {
            throw .invalidConfiguration("\(count) reactors are not 1 to \(most)")
        }
        if configuration.privateDescriptorTables && configuration.accepting.handing != nil {
            throw .invalidConfiguration("connections cannot be handed to threads with private descriptor tables")
        }
        if configuration.pinning == .processors([]) {
            throw .invalidConfiguration("there is no processor to pin a reactor to")
        }
        self.init(Settings(count: count, configuration: configuration, setUp: setUp))
    }

    // MARK: For programs that block

    /// Starts the group and blocks this thread until it is stopped, by a signal or by a call, and its last thread has
    /// ended.
    ///
    /// SIGINT and SIGTERM stop it unless ``ReactorConfiguration/stopSignals`` says otherwise: live connections have
    /// ``Configuration/drainTime`` to finish, which a second signal cuts short, and with it the wait for shutdown hooks.
    /// The signals' former actions are restored when this returns.
    ///
    /// - Parameter whenStarted: called on this thread when every reactor is set up: the place to print the address or
    ///   to give up privileges.
    /// - Throws: ``ReactorGroupError/setUpFailed(reactor:error:)`` if a reactor could not be set up; the others are
    ///   gone then and nothing is bound; ``ReactorGroupError/reactorFailed(reactor:error:)`` if one failed later;
    ///   ``ReactorGroupError/alreadyRunning``.
    public func run(whenStarted: () -> Void = {}) throws(ReactorGroupError) {
        let run = try begin()
        run.supervise(whenStarted: whenStarted)
        if let error = run.ended.wait() { throw error }
    }

    /// Starts the group and returns when every reactor is set up; this thread blocks until then.
    ///
    /// - Throws: as ``run(whenStarted:)``.
    public func start() throws(ReactorGroupError) {
        if let error = try beginSupervised().started.wait() { throw error }
    }

    /// Blocks this thread until the group has stopped; returns at once if it does not run.
    ///
    /// - Throws: what ended the last run, if that was an error; ``ReactorGroupError/calledFromGroup`` on a thread of
    ///   the group.
    public func wait() throws(ReactorGroupError) {
        guard let run = latest.withLock({ $0 }) else { return }
        if run.needsThisThread { throw .calledFromGroup }
        if let error = run.ended.wait() { throw error }
    }

    /// Asks the group to stop, and returns at once; it may be called from any thread and any callback, any number of
    /// times.
    ///
    /// Every reactor stops accepting, its live connections may finish until the time is up, and then it stops as by its
    /// own `stop()`. Of several calls the earliest end counts. If the group does not run, nothing happens.
    ///
    /// - Parameter time: how long connections have, from now; zero (default) or less: no time.
    public func requestStop(drainingFor time: Duration = .zero) {
        latest.withLock { $0 }?.requestStop(drainingFor: time)
    }

    // MARK: Inside

    func begin() throws(ReactorGroupError) -> GroupRun {
        // Threads inherit the descriptor table of the thread that starts them.
        guard er_thread_table() == 0 else { throw .calledFromGroup }
        let made = try GroupRun(settings)
        let isNew = latest.withLock { latest in
            if let latest, !latest.isOver { return false }
            latest = made
            return true
        }
        guard isNew else { throw .alreadyRunning }
        return made
    }

    func beginSupervised(
        _ whenStarted: @escaping @Sendable () -> Void = {}
    ) throws(ReactorGroupError) -> GroupRun {
        let run = try begin()
        do throws(SystemError) {
            try GroupThread { run.supervise(whenStarted: whenStarted) }.detach()
        } catch {
            run.started.complete(.system(error))
            run.ended.complete(.system(error))
        }
        return run
    }

    var run: GroupRun? { latest.withLock { $0 } }
}
