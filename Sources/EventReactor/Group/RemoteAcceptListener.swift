import EventReactorCore

/// A listener without a socket: another reactor of the group accepts its connections.
final class RemoteAcceptListener: ListenerEngine {
    let address: SocketAddress
    private unowned let port: ListeningPort
    /// The id of the address in the group.
    let id: Int
    private unowned let membership: GroupMembership
    /// Has connections sent here, or to the others.
    private let setOpen: (Bool) -> Void
    /// The port, as long as connections may arrive that were under way when it stopped listening.
    private var endingPort: ListeningPort?
    private var isEnabled = true
    private var isOpen = true
    /// Connections that were under way when accepting was paused.
    private var waiting: [TransferredSocket] = []

    init(
        address: SocketAddress, port: ListeningPort, id: Int, membership: GroupMembership,
        setOpen: @escaping (Bool) -> Void
    ) {
        self.address = address
        self.port = port
        self.id = id
        self.membership = membership
        self.setOpen = setOpen
    }

    func arrived(_ connection: TransferredSocket) {
        if let endingPort { return endingPort.arrivedLate(descriptor: connection.take(), peer: connection.peer) }
        guard isOpen else { return }
        guard isEnabled else { return waiting.append(connection) }
        port.accepted(descriptor: connection.take(), peer: connection.peer)
    }

    func enable() {
        isEnabled = true
        setOpen(true)
        // The caller that resumes accepting is not called back before this has returned.
        if !waiting.isEmpty { port.reactor.callSoon { [self] in acceptWaiting() } }
    }

    private func acceptWaiting() {
        let arrivals = waiting
        waiting = []
        for connection in arrivals { arrived(connection) }
    }

    func disable() {
        isEnabled = false
        setOpen(false)
    }

    /// Serves the connections that are under way: they were sent before this reactor left the round, so they arrive before
    /// a call that is posted now.
    func serveBacklog() {
        for connection in waiting { port.arrivedLate(descriptor: connection.take(), peer: connection.peer) }
        waiting = []
        endingPort = port
        port.beginLateSource()
        let key = ObjectIdentifier(self)
        membership.endingInboxes.append(self)
        port.reactor.queue.post { reactor in
            guard let membership = (reactor as? Reactor)?.membership else { return }
            for inbox in membership.endingInboxes where ObjectIdentifier(inbox) == key {
                GroupMembership.remove(inbox, from: &membership.endingInboxes)
                inbox.arrivalsEnded()
            }
        }
    }

    private func arrivalsEnded() {
        GroupMembership.remove(self, from: &membership.inboxes)
        endingPort?.endLateSource()
        endingPort = nil
    }

    func close() {
        isOpen = false
        waiting = []
        if endingPort == nil { GroupMembership.remove(self, from: &membership.inboxes) }
    }
}
