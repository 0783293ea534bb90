import EventReactorCore
import EventReactorPosix

/// One reactor of a group and its thread: created, set up, run and released on that thread alone.
final class GroupMember: Sendable {
    /// The parts of a reactor that other threads use.
    struct Handle: Sendable {
        let queue: RemoteQueue
        let load: ReactorLoad
    }

    let index: Int
    let settings: ReactorGroup.Settings
    let listeners: GroupListeners
    let processor: Int?
    let table: Int32
    let wakeUp: WakeDescriptor?
    /// Completed when the set-up has returned or failed.
    let setUp = Outcome<Result<Handle, ReactorGroupError>>()

    init(
        index: Int, settings: ReactorGroup.Settings, listeners: GroupListeners, processor: Int?, table: Int32,
        wakeUp: WakeDescriptor?
    ) {
        self.index = index
        self.settings = settings
        self.listeners = listeners
        self.processor = processor
        self.table = table
        self.wakeUp = wakeUp
    }
}
