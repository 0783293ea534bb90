public import EventReactorCore

extension ReactorBase {
    /// Offers listening sockets to a successor that asks for them at a path, hands them over when it does, and then
    /// drains: it accepts nothing more, lets live connections finish, and stops.
    ///
    /// The steps, none of which loses a connection:
    ///
    /// 1. A successor calls ``Handover/take(path:timeout:)`` and gets the sockets. Both programs hold them, and this
    ///    one serves.
    /// 2. The successor's reactor runs, and it says so. Both accept, for a moment.
    /// 3. This reactor closes its descriptors, tells ``HandoverOffer/onHandedOver``, and goes on with
    ///    `stop(drainingFor:)`. What waits to be accepted waits at the socket, which is the successor's now.
    ///
    /// A successor that goes before the second step, or does not come to it in time, changes nothing here; the failure
    /// is told to ``HandoverOffer/onFailure``. Only processes of the same user, and root's, are given anything.
    ///
    /// - Parameters:
    ///   - path: of the UNIX socket at which successors ask, made with mode 0600; a leading NUL makes it a name in
    ///     Linux's abstract namespace. A file that is left of a program that has ended is replaced.
    ///   - ports: what to hand over, by name. A name has 1 to 255 printable ASCII characters, no colon, and does not
    ///     begin with `@`.
    ///   - predecessor: what this program itself has taken, nil for the first one. The predecessor is told once the
    ///     reactor runs that this program serves. Where it does not wait any longer and goes on, this reactor
    ///     stops as it would after a handover.
    ///   - time: how long live connections have to finish; nil only closes the ports and leaves the reactor running.
    ///   - readiness: how long a successor may take from having the sockets to running its reactor.
    /// - Returns: the offer; the reactor keeps it.
    /// - Throws: ``HandoverError``; nothing is offered then, and the predecessor goes on once it sees this program end.
    @discardableResult
    public func offerHandover(
        path: String, ports: [String: ListeningPort], after predecessor: Handover?, drainingFor time: Duration?,
        readyWithin readiness: Duration = .seconds(60)
    ) throws(HandoverError) -> HandoverOffer {
        let sorted = ports.sorted { $0.key < $1.key }.map { (name: $0.key, port: $0.value) }
        for (name, port) in sorted {
            guard HandoverWire.isName(name) else { throw .invalidName(name) }
            guard port.reactor === self, !port.sockets.isEmpty, port.sockets.allSatisfy({ $0.descriptor != nil }) else {
                throw .noSocket(name: name)
            }
        }
        let offer = HandoverOffer(reactor: self, ports: sorted, drain: time, timeout: readiness)
        // Taken at another path it is not adopted, and closed with what else is not.
        let own = predecessor?.path == path ? predecessor?.own : nil
        let inherited = own?.descriptors.isEmpty == false ? own : nil
        offer.listens(at: try listenForSuccessors(of: offer, at: path, inherited))
        if let predecessor, let link = predecessor.takeLink() {
            // The reactor has a descriptor of its own.
            defer { engine.discard(descriptor: link) }
            do throws(AdoptError) {
                try adoptStreamConnection(link, protocol: PredecessorConnection(predecessor, offer))
            } catch {
                offer.withdraw()
                throw .unusable(name: HandoverWire.ownName, error)
            }
        } else {
            offer.beginAnswering()
        }
        return offer
    }

    /// The handover's own socket: the predecessor's, so that successors find it at every moment, or a new one.
    ///
    /// It does not answer yet: the predecessor does until it has been told.
    private func listenForSuccessors(
        of offer: HandoverOffer, at path: String, _ inherited: InheritedSockets?
    ) throws(HandoverError) -> ListeningPort {
        do throws(ListenError) {
            let isAbstract = path.utf8.first == 0
            let port = try listen(.unix(path: path, mode: isAbstract ? nil : 0o600), adopting: inherited) {
                offer.makeVisitor()
            }
            port.pauseAccepting()
            return port
        } catch {
            if case .invalidAddress(let cause) = error { throw .invalidPath(cause) }
            throw .cannotOffer(error)
        }
    }
}
