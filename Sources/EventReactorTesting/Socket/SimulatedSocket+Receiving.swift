extension SimulatedSocket {
    /// A packet has arrived.
    func receive(_ packet: Packet) {
        guard stage != .gone else { return }
        if packet.flags.contains(.reset) { return fail(Code.reset) }
        guard failure == 0 else { return }
        heard = network.now
        probesSent = 0
        acknowledge(packet)
        guard stage == .open else { return }
        if packet.count > 0 || packet.flags.contains(.end) {
            take(packet)
        } else if packet.flags.contains(.probe) {
            transmit([], sequence: next)
        }
    }

    private func acknowledge(_ packet: Packet) {
        window = max(window, packet.window)
        if packet.acknowledged > unacknowledged {
            let bytes = min(packet.acknowledged, endOfBytes) - max(unacknowledged, 1)
            if bytes > 0 { outgoing.removeFirst(Int(bytes)) }
            unacknowledged = packet.acknowledged
            next = max(next, unacknowledged)
            beginWaiting()
            if stage == .opening { opened() }
            if isOrphan && isEndAcknowledged { return network.remove(self) }
            if connection?.state.contains(.wantsRoom) == true { markReady() }
            if isWaiting { armRetry() }
        }
        send()
    }

    /// The client has had the answer to its connect: the program may accept.
    private func opened() {
        stage = .open
        guard let listener = network.listener(listener) else { return abort() }
        listener.opened(self)
    }

    private func take(_ packet: Packet) {
        var count = 0
        if packet.sequence <= expected {
            let known = Int(expected - packet.sequence)
            count = min(packet.count - known, receiveCapacity - inbox.count)
            if count > 0 {
                // No program is left to read it.
                if isOrphan { return abort() }
                guard let sender = network.socket(packet.from) else { return }
                let offset = Int(expected - max(sender.unacknowledged, 1))
                unsafe sender.outgoing.withBytes(from: offset, count: count) { unsafe inbox.append($0) }
                expected += Int64(count)
            }
            if packet.flags.contains(.end), !hasEnd, expected == packet.sequence + Int64(packet.count) {
                hasEnd = true
                expected += 1
                count = 1
            }
        }
        transmit([], sequence: next)
        if count > 0 { markReady() }
    }

    /// The program has read: the window is advertised if that makes much room.
    func madeRoom() {
        // A peer that has ended its side sends nothing more; if it is gone already, it would be taken for an intruder.
        guard failure == 0, stage == .open, !hasEnd else { return }
        let window = expected + Int64(receiveCapacity - inbox.count)
        if window - toldWindow >= Int64(max(1, receiveCapacity / 4)) { transmit([], sequence: next) }
    }

    // MARK: The end

    /// The connection is gone, and not by this side's doing.
    func fail(_ code: Int32) {
        guard failure == 0 else { return }
        failure = code
        if connection == nil && (isOrphan || stage == .opening) { return network.remove(self) }
        markReady()
    }

    /// Resets the connection: the socket stays as long as its bytes are on their way.
    func abort() {
        guard failure == 0, stage != .gone else { return network.remove(self) }
        network.record(.resets, self)
        guard peer >= 0, transmit(.reset, sequence: next) else { return network.remove(self) }
        stage = .gone
    }

    /// The program closes: in order, unless it has left bytes unread.
    func close(reset: Bool) {
        connection = nil
        if failure != 0 || stage == .gone { return network.remove(self) }
        if reset || !inbox.isEmpty { return abort() }
        isOrphan = true
        isHolding = false
        endWriting()
        send()
        if isEndAcknowledged { network.remove(self) }
    }

    /// Drops what has arrived, and says whether the peer may not have everything yet.
    func dropArrived() -> Bool {
        if !inbox.isEmpty {
            inbox.removeAll()
            madeRoom()
        }
        if failure != 0 { return true }
        return hasEnd ? false : !outgoing.isEmpty || (end != nil && !isEndAcknowledged)
    }
}
