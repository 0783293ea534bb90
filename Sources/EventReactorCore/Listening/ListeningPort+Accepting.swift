/// Accepted peers, and the limits of their number and rate.
extension ListeningPort {
    /// Makes a protocol and a connection for an accepted peer.
    package func accepted(descriptor: Int32, peer: SocketAddress) {
        peerErrors = 0
        reactor.counts.accepted &+= 1
        if let cause = takeSlot(for: peer) {
            return turnAway(descriptor, ExcessConnection(cause: cause, address: peer))
        }
        guard let factory, let made = factory.buildProtocol(for: peer) else {
            counters.refusedByFactory += 1
            reactor.counts.refused.add(.declined)
            reactor.engine.sockets.close(descriptor)
            return pauseIfFull()
        }
        counters.accepted += 1
        members.add(peer)
        let connection = StreamConnection(descriptor: descriptor, peer: peer, protocol: made, settings: settings)
        if let rateLimitGroup { _ = connection.setRateLimitGroup(rateLimitGroup) }
        connection.start(as: .listener)
        pauseIfFull()
    }

    /// Checks the limits for one more connection, and takes a token of the rate if it is within them.
    ///
    /// - Returns: the first limit that it exceeds.
    private func takeSlot(for peer: SocketAddress) -> ExcessConnection.Cause? {
        if isFull { return .total }
        if let perPeer = limits.perPeer, peer.family != .unix, members.count(from: peer) >= perPeer { return .perPeer }
        if bucket != nil, bucket?.take(at: reactor.now) == false { return .rate }
        return nil
    }

    var isFull: Bool { limits.total.map { members.count >= $0 } ?? false }

    /// Pauses accepting if a limit is reached, so that further peers wait in the backlog.
    private func pauseIfFull() {
        guard limits.excess == .wait else { return }
        if isFull { pause(.full) }
        // Also if it is full: when a connection ends there may still be no token.
        if let delay = bucket?.wait(at: reactor.now), delay > .zero { awaitToken(delay) }
    }

    /// Called when a connection of this port is lost.
    func memberLeft() {
        guard !isFull else { return }
        resume(.full)
        if !isListening { awaitLatecomers() }
    }

    /// Serves a peer beyond the limits by a protocol of `onExcess`, or resets it.
    private func turnAway(_ descriptor: Int32, _ peer: ExcessConnection) {
        switch peer.cause {
        case .total: counters.refusedByTotal += 1
        case .perPeer: counters.refusedByPeer += 1
        case .rate: counters.refusedByRate += 1
        }
        guard let onExcess, excessConnectionCount < limits.excessConnections,
            let made = onExcess(peer).map({ factory?.layering?($0) ?? $0 })
        else {
            reactor.counts.refused.add(.init(peer.cause))
            return reactor.engine.sockets.close(descriptor, reset: true)
        }
        counters.excessServed += 1
        let excess = self.excess ?? settings.of(PortMembers(peers: nil))
        self.excess = excess
        excess.members?.add(peer.address)
        StreamConnection(descriptor: descriptor, peer: peer.address, protocol: made, settings: excess)
            .start(as: .listener)
    }
}
