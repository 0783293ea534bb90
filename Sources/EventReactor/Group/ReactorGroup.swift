import CEventReactorShims
import EventReactorCore

/// Several reactors, each on a thread of its own, all set up by one closure: a server on all processors.
///
/// ```swift
/// @main struct Server {
///     static func main() throws {
///         let group = try ReactorGroup { reactor in
///             try reactor.listenTCP(port: 8007) { Echo() }
///         }
///         try group.run()
///     }
/// }
/// ```
///
/// A connection stays on the reactor that it came to, and reactors share nothing: what a protocol can reach is its own
/// thread's, and the compiler holds you to that. Reactors of a group that listen at the same address share it, as
/// ``Accepting`` says.
///
/// The group itself may be used from any thread. It can be started again once it has stopped. A group that was started
/// lives until it has stopped, whether it is kept or not.
public final class ReactorGroup: Sendable {
    struct Settings: Sendable {
        let count: Int
        let configuration: Configuration
        let setUp: @Sendable (Reactor) throws -> Void
    }

    private let settings: Settings
    /// The run under way, or the last one.
    private let latest = Locked<GroupRun?>(nil)

    /// How many reactors it has.
    public var count: Int { settings.count }

    /// The processors that the process may use: those that it is not kept from, and no more than the time that its
    /// control group is given (`docker run --cpus`) is worth.
    public static var availableProcessors: Int {
        let allowed = max(1, Processors.allowed.count)
        return min(allowed, ProcessorQuota.current ?? allowed)
    }

    /// Creates a group that does not run yet.
    ///
    /// - Parameters:
    ///   - count: how many reactors, 1 to 4096; one a processor unless set, ``availableProcessors``.
    ///   - configuration: settings of the group and of its reactors.
    ///   - setUp: called for each reactor at every start, on the reactor's own thread, in order of their places: the
    ///     next when the last has returned. ``Reactor/placeInGroup`` tells which it is. It listens, connects and sets
    ///     timers; the group runs the reactor.
    /// - Throws: ``ReactorGroupError/invalidConfiguration(_:)``.
    public init(
        count: Int? = nil, configuration: Configuration = Configuration(),
        setUp: @escaping @Sendable (Reactor) throws -> Void
    ) throws(ReactorGroupError) {
        let count = count ?? ReactorGroup.availableProcessors
        guard (1...ReactorGroup.mostReactors).contains(count) else {
            throw .invalidConfiguration("\(count) reactors are not 1 to \(ReactorGroup.mostReactors)")
        }
        if configuration.privateDescriptorTables && configuration.accepting.handing != nil {
            throw .invalidConfiguration("connections cannot be handed to threads with private descriptor tables")
        }
        if configuration.pinning == .processors([]) {
            throw .invalidConfiguration("there is no processor to pin a reactor to")
        }
        settings = Settings(count: count, configuration: configuration, setUp: setUp)
    }

    /// More than any machine has processors.
    static let mostReactors = 4096

    // MARK: For programs that block

    /// Starts the group, waits until it is stopped, by a signal or by a call, and returns when its last thread has
    /// ended.
    ///
    /// SIGINT and SIGTERM stop it unless ``ReactorConfiguration/stopSignals`` says otherwise: live connections have
    /// ``Configuration/drainTime`` to finish, which a second signal cuts short, and with it the wait for shutdown hooks.
    /// What the signals did before is back when this returns.
    ///
    /// - Parameter whenStarted: called on this thread when every reactor is set up: the place to print the address or
    ///   to give up privileges.
    /// - Throws: ``ReactorGroupError/setUpFailed(reactor:error:)`` where a reactor could not be set up, when the others
    ///   are gone and nothing is bound; ``ReactorGroupError/reactorFailed(reactor:error:)`` where one failed later;
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

    /// Blocks this thread until the group has stopped; where it does not run it returns at once.
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
    /// own `stop()`. Of several calls the earliest end counts. A group that does not run is left alone.
    ///
    /// - Parameter time: how long connections have, from now; less than no time counts as none.
    public func requestStop(drainingFor time: Duration = .zero) {
        latest.withLock { $0 }?.requestStop(drainingFor: time)
    }

    // MARK: Inside

    func begin() throws(ReactorGroupError) -> GroupRun {
        // A thread with a table of its own hands it on to those that it starts.
        guard er_thread_table() == 0 else { throw .calledFromGroup }
        let made = try GroupRun(settings)
        let isOurs = latest.withLock { latest in
            if let latest, !latest.isOver { return false }
            latest = made
            return true
        }
        guard isOurs else { throw .alreadyRunning }
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
