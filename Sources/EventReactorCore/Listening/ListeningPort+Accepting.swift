/// What becomes of a peer that was accepted, and the limits of how many are.
extension ListeningPort {
    /// A connection was accepted.
    package func accepted(descriptor: Int32, peer: SocketAddress) {
        peerErrors = 0
        reactor.counts.accepted &+= 1
        if let cause = excessCause(of: peer) {
            return turnAway(descriptor, ExcessConnection(cause: cause, address: peer))
        }
        guard let factory, let made = factory.buildProtocol(for: peer) else {
            counters.refusedByFactory += 1
            reactor.counts.refused.add(.declined)
            reactor.engine.discard(descriptor: descriptor)
            return pauseWhereFull()
        }
        counters.accepted += 1
        members.add(peer)
        let connection = StreamConnection(descriptor: descriptor, peer: peer, protocol: made, settings: settings)
        if let rateLimitGroup { _ = connection.setRateLimitGroup(rateLimitGroup) }
        connection.start(as: .listener)
        pauseWhereFull()
    }

    /// The limit that one more connection would be beyond; takes a token of the rate where there is none.
    private func excessCause(of peer: SocketAddress) -> ExcessConnection.Cause? {
        if isFull { return .total }
        if let perPeer = limits.perPeer, peer.family != .unix, members.count(from: peer) >= perPeer { return .perPeer }
        if bucket != nil, bucket?.take(at: reactor.now) == false { return .rate }
        return nil
    }

    var isFull: Bool { limits.total.map { members.count >= $0 } ?? false }

    /// Leaves those who come next in the backlog where a limit is reached.
    private func pauseWhereFull() {
        guard limits.excess == .wait else { return }
        if isFull { hold(.full) }
        // Also where it is full: when somebody leaves there may still be no token.
        if let delay = bucket?.wait(at: reactor.now), delay > .zero { awaitToken(delay) }
    }

    /// A connection of this port is lost.
    func memberLeft() {
        guard !isFull else { return }
        release(.full)
        if !isListening { awaitLatecomers() }
    }

    /// Serves a peer that is one too many by a protocol of `onExcess`, or resets it.
    private func turnAway(_ descriptor: Int32, _ peer: ExcessConnection) {
        switch peer.cause {
        case .total: counters.refusedByTotal += 1
        case .perPeer: counters.refusedByPeer += 1
        case .rate: counters.refusedByRate += 1
        }
        guard let onExcess, excessConnectionCount < limits.excessConnections, let made = onExcess(peer) else {
            reactor.counts.refused.add(.init(peer.cause))
            return reactor.engine.refuse(descriptor: descriptor)
        }
        counters.excessServed += 1
        let excess = self.excess ?? settings.of(PortMembers(peers: nil))
        self.excess = excess
        excess.members?.add(peer.address)
        StreamConnection(descriptor: descriptor, peer: peer.address, protocol: made, settings: excess)
            .start(as: .listener)
    }
}
