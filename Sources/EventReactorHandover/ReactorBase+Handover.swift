public import EventReactorCore

extension ReactorBase {
    /// Offers listening sockets to a successor that asks for them at a path, hands them over when it does, and then
    /// drains: it accepts nothing more, lets live connections finish, and stops.
    ///
    /// The steps, none of which loses a connection:
    ///
    /// 1. A successor calls ``Handover/take(path:timeout:)`` and gets the sockets. Both programs share them, and this
    ///    one serves.
    /// 2. The successor's reactor runs and reports it. Both accept, for a moment.
    /// 3. This reactor closes its descriptors, calls ``HandoverOffer/onHandedOver``, and continues with
    ///    `stop(drainingFor:)`. The backlog stays with the socket, which is the successor's now.
    ///
    /// A successor that ends before the second step, or does not reach it in time, changes nothing here; the failure is
    /// reported to ``HandoverOffer/onFailure``. Only processes of the same user, and root's, get the sockets.
    ///
    /// - Parameters:
    ///   - path: of the UNIX socket at which successors ask, created with mode 0600; a leading NUL makes it a name in
    ///     Linux's abstract namespace. The file of a program that has ended is replaced.
    ///   - ports: the ports to hand over, by name. A name has 1 to 255 printable ASCII characters, no colon, and does not
    ///     begin with `@`.
    ///   - predecessor: the handover by which this program got its sockets, `nil` for the first program. The predecessor is
    ///     informed once the reactor runs. If it has stopped waiting and continues, this reactor stops as after a
    ///     handover.
    ///   - time: time for live connections to finish; `nil` only closes the ports and leaves the reactor running.
    ///   - readiness: time for a successor from getting the sockets to running its reactor. Default: 60 s.
    /// - Returns: the offer; the reactor keeps it.
    /// - Throws: ``HandoverError``; nothing is offered then, and the predecessor continues once this program ends.
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
        // A socket of another path is not adopted, and closed with the other unadopted ones.
        let own = predecessor?.path == path ? predecessor?.own : nil
        let inherited = own?.descriptors.isEmpty == false ? own : nil
        offer.listens(at: try listenForSuccessors(of: offer, at: path, inherited))
        if let predecessor, let link = predecessor.takeLink() {
            // The reactor has a descriptor of its own.
            defer { engine.sockets.close(link) }
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
    /// It does not answer yet: the predecessor does until it is informed.
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
