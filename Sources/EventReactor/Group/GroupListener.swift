import EventReactorCore
import EventReactorPosix

/// A listener of a reactor in a group, which is in the group's list for as long as it listens.
final class GroupListener: ListenerEngine {
    private let inner: any ListenerEngine
    private let membership: GroupMembership
    private let number: Int
    private let accepts: Bool
    private var distributor: AcceptDistributor?
    private var isListed = true

    var address: SocketAddress { inner.address }

    init(
        at address: SocketAddress, backlog: Int, options: ListenOptions, mode: UInt16?, port: ListeningPort,
        engine: LibeventEngine, membership: GroupMembership
    ) throws(ListenError) {
        self.membership = membership
        let place = membership.place
        let seat = try membership.listeners.enter(
            place, at: address, backlog: backlog, options: options, mode: mode, isSettingUp: membership.isSettingUp)
        switch consume seat {
        case .socket(let socket, let number, let distributor):
            self.number = number
            self.distributor = distributor
            accepts = true
            do throws(ListenError) {
                let listener = try LibeventListener(socket, port: port, engine: engine)
                inner = listener
                if let distributor {
                    listener.distributor = { descriptor, peer in
                        distributor.give(descriptor, from: peer, acceptedBy: place, number: number)
                    }
                }
            } catch {
                membership.listeners.leave(place, number: number, accepts: true)
                throw error
            }
        case .handed(let number, let distributor, let address):
            self.number = number
            self.distributor = distributor
            accepts = false
            let inbox = RemoteAcceptListener(
                address: address, port: port, number: number, distributor: distributor, membership: membership)
            inner = inbox
            membership.inboxes[number] = inbox
        }
        distributor?.add(place, queue: engine.reactor.queue, load: membership.load, port: port.load)
    }

    deinit {
        close()
    }

    func enable() { inner.enable() }
    func disable() { inner.disable() }

    /// Those that wait at this reactor's socket are served by it: the others may be about to stop, too.
    func serveBacklog() {
        distributor?.remove(membership.place)
        inner.serveBacklog()
    }

    func close() {
        guard isListed else { return }
        isListed = false
        distributor?.remove(membership.place)
        distributor = nil
        inner.close()
        membership.listeners.leave(membership.place, number: number, accepts: accepts)
    }
}

/// A listener without a socket: its connections are those that another reactor of the group accepts.
final class RemoteAcceptListener: ListenerEngine {
    let address: SocketAddress
    private unowned let port: ListeningPort
    private let number: Int
    private let distributor: AcceptDistributor
    private unowned let membership: GroupMembership
    /// The port, as long as connections may arrive that were under way as it stopped listening.
    private var endingPort: ListeningPort?
    private var isEnabled = true
    private var isOpen = true
    /// What was under way as accepting was paused.
    private var waiting: [TransferredSocket] = []

    init(
        address: SocketAddress, port: ListeningPort, number: Int, distributor: AcceptDistributor,
        membership: GroupMembership
    ) {
        self.address = address
        self.port = port
        self.number = number
        self.distributor = distributor
        self.membership = membership
    }

    func arrived(_ connection: TransferredSocket) {
        if let endingPort { return endingPort.arrivedLate(descriptor: connection.take(), peer: connection.peer) }
        guard isOpen else { return }
        guard isEnabled else { return waiting.append(connection) }
        port.accepted(descriptor: connection.take(), peer: connection.peer)
    }

    func enable() {
        isEnabled = true
        distributor.set(membership.place, isOpen: true)
        // Whoever resumes accepting is not called back before that has returned.
        if !waiting.isEmpty { port.reactor.callSoon { [self] in takeWaiting() } }
    }

    private func takeWaiting() {
        let arrivals = waiting
        waiting = []
        for connection in arrivals { arrived(connection) }
    }

    func disable() {
        isEnabled = false
        distributor.set(membership.place, isOpen: false)
    }

    /// Takes what is under way: it was given to this reactor before it left the round, so it arrives before a call that
    /// is posted now.
    func serveBacklog() {
        for connection in waiting { port.arrivedLate(descriptor: connection.take(), peer: connection.peer) }
        waiting = []
        endingPort = port
        port.beginLateSource()
        let id = ObjectIdentifier(self)
        membership.endingInboxes[id] = self
        port.reactor.queue.post { reactor in
            (reactor as? Reactor)?.membership?.endingInboxes.removeValue(forKey: id)?.arrivalsEnded()
        }
    }

    private func arrivalsEnded() {
        if membership.inboxes[number] === self { membership.inboxes[number] = nil }
        endingPort?.endLateSource()
        endingPort = nil
    }

    func close() {
        isOpen = false
        waiting = []
        if endingPort == nil { membership.inboxes[number] = nil }
    }
}
