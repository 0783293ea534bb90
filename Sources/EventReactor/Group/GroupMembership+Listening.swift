import EventReactorCore
import EventReactorPosix

extension GroupMembership {
    /// Listens at an address together with the other reactors of the group.
    func listen(
        from source: ListenerSource, options: ListenOptions, for port: ListeningPort, engine: LibeventEngine
    ) throws(ListenError) -> any ListenerEngine {
        guard case .address(let address, let backlog, let mode) = source else {
            // Adopted sockets are the reactor's alone.
            return try engine.makeListener(ListeningSocket(from: source, options: options), for: port)
        }
        let seat = try listeners.enter(
            index, at: address, backlog: backlog, options: options, mode: mode, isSettingUp: isSettingUp)
        let id = seat.id
        let distributor = seat.distributor
        let inner: any ListenerEngine
        let accepts: Bool
        if let socket = seat.socket.take() {
            accepts = true
            do throws(ListenError) {
                let listener = try LibeventListener(socket, port: port, engine: engine)
                if let distributor {
                    listener.distributor = { [index] descriptor, peer in
                        distributor.give(descriptor, from: peer, acceptedBy: index, address: id)
                    }
                }
                inner = listener
            } catch {
                listeners.leave(index, address: id, accepts: true)
                throw error
            }
        } else {
            accepts = false
            let inbox = RemoteAcceptListener(
                address: seat.address, port: port, id: id, membership: self,
                setOpen: { [index] in distributor?.set(index, isOpen: $0) })
            inner = inbox
            if let earlier = self.inbox(of: id) { GroupMembership.remove(earlier, from: &inboxes) }
            inboxes.append(inbox)
        }
        distributor?.add(
            AcceptDistributor.Target(index: index, queue: engine.reactor.queue, load: load, port: port.load))
        return GroupListener(
            inner,
            leaveRound: { [index] in distributor?.remove(index) },
            leaveGroup: { [self] in listeners.leave(index, address: id, accepts: accepts) })
    }
}
