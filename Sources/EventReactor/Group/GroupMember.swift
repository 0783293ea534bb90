import CEventReactorShims
import EventReactorCore
import EventReactorPosix

/// One reactor of a group and its thread: made, set up, run and taken away on that thread alone.
final class GroupMember: Sendable {
    /// What the group holds of a reactor.
    struct Handle: Sendable {
        let queue: RemoteQueue
        let load: ReactorLoad
    }

    let place: Int
    private let settings: ReactorGroup.Settings
    private let listeners: GroupListeners
    private let processor: Int?
    private let table: Int32
    private let wakeUp: WakeDescriptor?
    /// Completed when the set-up has returned or failed.
    let setUp = Outcome<Result<Handle, ReactorGroupError>>()

    init(
        place: Int, settings: ReactorGroup.Settings, listeners: GroupListeners, processor: Int?, table: Int32,
        wakeUp: WakeDescriptor?
    ) {
        self.place = place
        self.settings = settings
        self.listeners = listeners
        self.processor = processor
        self.table = table
        self.wakeUp = wakeUp
    }

    /// What the thread does.
    ///
    /// - Parameter go: whether to run, known when every reactor is set up.
    /// - Returns: how the run failed, if it did.
    func live(go: Outcome<Bool>) -> ReactorGroupError? {
        do {
            try prepareThread()
            let load = ReactorLoad()
            var configuration = settings.configuration.reactor
            let membership = GroupMembership(
                place: place, listeners: listeners, load: load, wakeUp: wakeUp,
                stopSignals: Array(configuration.stopSignals))
            // The group sees to them.
            configuration.stopSignals = []
            let reactor = try Reactor(configuration: configuration, membership: membership)
            defer {
                // Closures that name the reactor would keep it, and its sockets.
                reactor.end()
                reactor.queue.close()
            }
            try settings.setUp(reactor)
            membership.isSettingUp = false
            setUp.complete(.success(Handle(queue: reactor.queue, load: load)))
            guard go.wait() else { return nil }
            do throws(ReactorError) {
                try reactor.run()
                return nil
            } catch {
                return .reactorFailed(reactor: place, error: error)
            }
        } catch {
            setUp.complete(.failure(.setUpFailed(reactor: place, error: error)))
            return nil
        }
    }

    private func prepareThread() throws(SystemError) {
        let number = "-\(place)"
        // The system's bound; a name is cut between characters. It would take a NUL for the end, and drop the place.
        var name = String(settings.configuration.threadName.unicodeScalars.prefix { $0 != "\0" })
        while name.utf8.count + number.utf8.count > 15 { name.removeLast() }
        unsafe er_thread_name(name + number)
        if let processor { try Processors.pin(to: processor) }
        if table != 0 {
            let code = er_thread_leave_table(table)
            if code != 0 { throw SystemError(code: code, operation: "unshare(CLONE_FILES)") }
        }
    }
}
