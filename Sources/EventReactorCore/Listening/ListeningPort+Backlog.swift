/// Latecomers: peers that had connected and waited in the backlog when listening ended.
///
/// They are accepted before the socket closes, since the kernel would reset them. Their protocols are made in later turns,
/// at most as many a turn as are accepted in one: the call that ends listening calls no protocol.
extension ListeningPort {
    /// Enqueues a peer that was accepted after listening ended.
    package func arrivedLate(descriptor: Int32, peer: SocketAddress) {
        latecomers.append((descriptor, peer))
        if !isListening { awaitLatecomers() }
    }

    /// Keeps the port in use until `endLateSource`: more peers may come.
    package func beginLateSource() {
        lateSources += 1
    }

    package func endLateSource() {
        guard lateSources > 0 else { return }
        lateSources -= 1
        awaitLatecomers()
    }

    /// Schedules the peers that have come, or ends the port's use if none can come.
    func awaitLatecomers() {
        if !hasLatecomers && lateSources == 0 { return endLatecomers() }
        if !reactor.endingPorts.contains(where: { $0 === self }) { reactor.endingPorts.append(self) }
        guard !isServingLate, hasLatecomers else { return }
        isServingLate = true
        reactor.callSoon { [self] in
            isServingLate = false
            serveLatecomers()
        }
    }

    private func serveLatecomers() {
        var left = acceptsPerTurn
        while left > 0, hasLatecomers {
            if limits.excess == .wait && awaitRoom() { return }
            let (descriptor, peer) = latecomers[nextLatecomer]
            nextLatecomer += 1
            left -= 1
            accepted(descriptor: descriptor, peer: peer)
        }
        if !hasLatecomers { forgetLatecomers() }
        awaitLatecomers()
    }

    /// Waits, if the limits allow no other connection yet, until one is lost or there is a token.
    ///
    /// - Returns: whether to wait.
    private func awaitRoom() -> Bool {
        if isFull { return members.count > 0 }
        guard let delay = bucket?.wait(at: reactor.now), delay > .zero else { return false }
        guard !isServingLate else { return true }
        isServingLate = true
        reactor.callLater(delay) { [weak self] in
            self?.isServingLate = false
            self?.serveLatecomers()
        }
        return true
    }

    /// Resets the peers that are not served yet: the reactor ends.
    func dropLatecomers(_ engine: any ReactorEngine) {
        for (descriptor, _) in latecomers[nextLatecomer...] { engine.sockets.close(descriptor, reset: true) }
        forgetLatecomers()
        lateSources = 0
    }

    private var hasLatecomers: Bool { nextLatecomer < latecomers.count }

    private func forgetLatecomers() {
        latecomers = []
        nextLatecomer = 0
    }

    private func endLatecomers() {
        reactor.endingPorts.removeAll { $0 === self }
        guard let used = factory else { return }
        endUse()
        used.endUse()
    }
}

extension ReactorBase {
    /// Whether a connection that is accepted now is served.
    final var servesLatecomers: Bool { phase != .idle && phase != .closing }

    /// Whether a drain is complete: no connection is open and no peer is still to be served.
    final var hasFinished: Bool { connectionCount == 0 && endingPorts.isEmpty }

    final func dropLatecomers() {
        for port in endingPorts {
            port.dropLatecomers(engine)
            port.awaitLatecomers()
        }
    }
}
