/// Relaying: what arrives goes to another connection, and not to the protocol.
extension StreamConnection {
    package func relay(
        to other: any Transport, completion: ((Int, RelayEnding) -> Void)?
    ) throws(RelayError) -> StreamRelay {
        guard let other = other as? StreamConnection else { throw .unsupported }
        guard !isClosing, !state.contains(.readEnded) else { throw .sourceClosed(peer: peer) }
        guard other.state.isDisjoint(with: .rejectsWrites), other.state.contains(.established) else {
            throw .receiverClosed(peer: other.peer)
        }
        guard !state.contains(.relaying) else { throw .alreadyRelaying(peer: peer) }
        guard reactor === other.reactor else { throw .otherReactor }
        let relay = StreamRelay(from: self, to: other, completion: completion)
        makeExtras().relay = relay
        // A part of a frame comes before what waits behind it.
        if let kept = (servedProtocol as? any BufferingProtocol)?.takeUnconsumed() { relay.passOnFirst(kept) }
        if state.contains(.hasUnread) { relay.passOnFirst(dropUnread()) }
        other.enqueue(.relay(relay))
        return relay
    }

    /// Bytes arrived that are not for the protocol: they are relayed, or dropped if the connection is closing.
    @inline(never)
    func receivedElsewhere(_ data: Span<UInt8>) {
        if !state.isDisjoint(with: [.hasUnread, .protocolReplaced]), state.isDisjoint(with: [.dropsInput, .relaying]) {
            return receivedBehindUnread(data)
        }
        guard isOpenForRelay, let relay = extras?.relay else { return }
        noteReceived(data.count)
        count { $0.bytesReceived &+= data.count }
        if state.contains(.readRateLimited) { chargeReading(data.count) }
        unsafe data.withUnsafeBytes { unsafe relay.copy($0) }
    }

    /// Handles the peer's end while input is diverted: a relay is notified, the protocol is not.
    func receivedEndElsewhere() {
        if isOpenForRelay {
            extras?.relay?.sourceEnded()
        } else if state.contains(.hasUnread) {
            extras?.endWaits = true
        }
    }

    /// Whether input is relayed; while the connection closes it is dropped instead.
    var isOpenForRelay: Bool {
        state.contains(.relaying) && state.isDisjoint(with: .dropsInput)
    }

    /// Whether the engine is to call `readable` and read nothing itself.
    package var takesBySplice: Bool {
        state.contains(.splices) && state.isDisjoint(with: [.readEnded, .dropsInput])
    }

    /// Reports readiness to a splicing relay: bytes, the end or an error.
    package func readable() {
        extras?.relay?.sourceIsReadable()
    }

    /// Pauses or resumes reading, by which a relay keeps its receiver's queue short, and a layer what it has not read.
    package func setReading(_ reads: Bool) {
        if !reads {
            if state.isDisjoint(with: .readPaused) { noteReading(false) }
            state.insert(.readPaused)
        } else if state.contains(.readPaused) {
            state.remove(.readPaused)
            noteReading(true)
            if state.contains(.parked) && !state.contains(.lost) { updateReadInterest() }
        }
    }

    /// Ends the connection because the one that it relayed with was lost otherwise than in order.
    func endBecause(of other: StreamConnection, _ reason: ConnectionLostReason) {
        guard state.isDisjoint(with: [.closing, .failed, .aborted, .lost]) else { return }
        fail(RelayError.otherLost(peer: other.peer, reason))
        scheduleFlushOutsideCallback()
    }

    func scheduleFlushOutsideCallback() {
        if !state.contains(.inCallback) { scheduleFlush() }
    }
}
