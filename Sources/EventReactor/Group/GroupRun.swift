import EventReactorCore
import EventReactorPosix
import Glibc
import Synchronization

/// One run of a group, from its start to the end of its last thread.
final class GroupRun: Sendable {
    /// Requests and events for the supervisor.
    struct News: Sendable {
        var stops: [Duration] = []
        var endings: [ReactorGroupError?] = []
    }

    let settings: ReactorGroup.Settings
    let listeners: GroupListeners
    /// Completed when every reactor is set up, or one could not be.
    let started = Outcome<ReactorGroupError?>()
    /// Completed when the last thread has ended.
    let ended = Outcome<ReactorGroupError?>()

    let wakeUp: WakeDescriptor
    let table: Int32
    let news = Locked(News())
    let handles = Locked<[GroupMember.Handle]>([])
    /// The threads on which the run depends: they cannot wait for its end.
    let threads = Locked<[pthread_t]>([])
    /// Retained until the threads have ended: they have to be closed on the thread that created them.
    let memberWakeUps = Locked<[WakeDescriptor]>([])

    private static let lastTable = Atomic<Int32>(0)

    init(_ settings: ReactorGroup.Settings) throws(ReactorGroupError) {
        self.settings = settings
        let configuration = settings.configuration
        listeners = GroupListeners(
            accepting: configuration.accepting, hasOwnTables: configuration.privateDescriptorTables)
        table =
            configuration.privateDescriptorTables
            ? GroupRun.lastTable.wrappingAdd(1, ordering: .relaxed).newValue : 0
        let table = table
        wakeUp = try ReactorGroupError.ofSystem { () throws(SystemError) in try WakeDescriptor(copiedTo: table) }
    }
}
