import EventReactorCore
import EventReactorPosix

/// What a reactor of a group knows of it; it belongs to the reactor's thread.
final class GroupMembership {
    let place: Int
    let listeners: GroupListeners
    let load: ReactorLoad
    /// Made before the thread had a descriptor table of its own, if it has one.
    let wakeUp: WakeDescriptor?
    /// The signals that stop the group.
    let stopSignals: [Int32]
    /// The reactor's set-up has not returned yet.
    var isSettingUp = true
    /// What takes the connections that another reactor accepts, by the number of the address.
    var inboxes: [Int: RemoteAcceptListener] = [:]
    /// Those whose ports do not listen any more, until the last connection that was under way to them has arrived.
    var endingInboxes: [ObjectIdentifier: RemoteAcceptListener] = [:]

    init(place: Int, listeners: GroupListeners, load: ReactorLoad, wakeUp: WakeDescriptor?, stopSignals: [Int32]) {
        self.place = place
        self.listeners = listeners
        self.load = load
        self.wakeUp = wakeUp
        self.stopSignals = stopSignals
    }
}
