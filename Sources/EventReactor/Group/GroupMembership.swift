import EventReactorCore
import EventReactorPosix
import Glibc

/// A reactor's part in its group; it belongs to the reactor's thread.
final class GroupMembership {
    typealias Listen =
        (ListenerSource, ListenOptions, ListeningPort, LibeventEngine) throws(ListenError) -> any ListenerEngine

    /// The reactor's index in the group.
    let index: Int
    let listeners: GroupListeners
    let load: ReactorLoad
    /// Created before the thread had a descriptor table of its own, if it has one.
    let wakeUp: WakeDescriptor?
    /// The signals that stop the group.
    private let stopSignals: [Int32]
    /// The reactor's set-up has not returned yet.
    var isSettingUp = true
    /// The listeners whose connections another reactor accepts: one for an address.
    var inboxes: [RemoteAcceptListener] = []
    /// Those whose ports have stopped, until the last connection that was under way has arrived.
    var endingInboxes: [RemoteAcceptListener] = []
    /// Listens together with the group.
    ///
    /// A closure, so that a program without a group links no code of one.
    var listen: Listen?

    init(index: Int, listeners: GroupListeners, load: ReactorLoad, wakeUp: WakeDescriptor?, stopSignals: [Int32]) {
        self.index = index
        self.listeners = listeners
        self.load = load
        self.wakeUp = wakeUp
        self.stopSignals = stopSignals
    }

    /// The listener for an address whose connections another reactor accepts.
    func inbox(of address: Int) -> RemoteAcceptListener? {
        for inbox in inboxes where inbox.id == address { return inbox }
        return nil
    }

    /// Removes a listener from the inboxes, or from those that are ending.
    @inline(never)
    static func remove(_ inbox: RemoteAcceptListener, from inboxes: inout [RemoteAcceptListener]) {
        inboxes.removeAll { $0 === inbox }
    }

    /// The stop signals of the group, by which the loop shows that it is not stuck.
    ///
    /// - Throws: `EBUSY` during the set-up: the group would never start.
    func signalsOfRun() throws(SystemError) -> [Int32] {
        guard !isSettingUp else {
            throw SystemError(code: EBUSY, operation: "run() in a group's set-up, where the group runs the reactor")
        }
        return stopSignals
    }
}
