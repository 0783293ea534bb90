/// Bytes that were delivered and not taken, and the protocol that they are for: framing and protocol switches.
///
/// They wait in front of what arrives: until reading is resumed, or until another protocol has taken over.
extension StreamConnection {
    /// The connection that is a protocol's transport; nil for transports of programs.
    @inline(__always)
    package static func of(_ transport: any Transport) -> StreamConnection? {
        // Equality of types is a comparison of pointers, where a cast searches conformances (40 ns).
        guard type(of: transport) == StreamConnection.self else { return nil }
        return unsafe unsafeDowncast(transport, to: StreamConnection.self)
    }

    /// Whether its protocol, which is in a callback, is to be called with more of what has arrived.
    package var deliversMore: Bool { state.isDisjoint(with: .endsDelivery) }

    /// Keeps what the protocol was given and is not to be called with now.
    ///
    /// It is delivered again before anything that has arrived since, once reading is resumed, to the protocol that the
    /// connection has by then; dropped if the connection is closing.
    package func keepUnread(_ rest: Span<UInt8>) {
        guard !rest.isEmpty, state.isDisjoint(with: .dropsInput) else { return }
        if state.contains(.relaying), let relay = extras?.relay { return relay.passOnFirst([UInt8](rest)) }
        makeExtras().unread.append(contentsOf: rest)
        state.insert(.hasUnread)
        scheduleFlushOutsideCallback()
    }

    /// Has its protocol called once more, when its callback has returned and reading is not paused: it has something to
    /// deliver that takes no byte.
    package func deliverDue() {
        guard state.isDisjoint(with: [.dropsInput, .relaying, .protocolReplaced]), state.contains(.established) else {
            return
        }
        state.insert(.hasUnread)
        scheduleFlushOutsideCallback()
    }

    /// The bytes that arrived and that its protocol has not handled, as far as they are known to the library.
    package var unconsumedByteCount: Int {
        (extras?.unread.count ?? 0) + ((servedProtocol as? any BufferingProtocol)?.unconsumedByteCount ?? 0)
    }

    /// Replaces the protocol; see ``Protocol/switchProtocol(to:unconsumed:)``.
    func switchProtocol(from current: Protocol, to next: Protocol, unconsumed: Span<UInt8>) {
        guard !state.contains(.lost), servedProtocol === current else { return }
        guard !next.wasConnected else { return refuseReusedProtocol(wasAccepted: false) }
        let extras = makeExtras()
        // The current one may be in a callback, and is retained until it has returned.
        if extras.replaced == nil { extras.replaced = current }
        let buffered = (current as? any BufferingProtocol)?.takeUnconsumed() ?? []
        let last = unsafe retainedProtocol
        unsafe retainedProtocol = .passRetained(next)
        next.connect(to: self)
        unsafe last?.release()
        state.insert(.protocolReplaced)
        var unread = buffered
        unread.append(contentsOf: unconsumed)
        if state.contains(.relaying), let relay = extras.relay {
            relay.passOnFirst(unread)
        } else if !unread.isEmpty {
            extras.unread.insert(contentsOf: unread, at: 0)
            state.insert(.hasUnread)
        }
        scheduleFlushOutsideCallback()
    }

    /// Calls `connectionMade` of the protocol that has taken over, outside the callback in which it did.
    func beginReplacement() {
        state.remove(.protocolReplaced)
        extras?.replaced = nil
        runConnectionMade()
        deliverWaitingEnd()
    }

    /// Has the protocol that takes over be called with the peer's end, behind the bytes that were left over for it: the
    /// one that it replaces was called with it.
    package func passEndOn() {
        guard state.isSuperset(of: [.protocolReplaced, .hasUnread, .readEnded]) else { return }
        extras?.endWaits = true
    }

    /// Delivers what was kept, if it may be delivered.
    ///
    /// - Returns: whether it was.
    func deliverUnread() -> Bool {
        guard state.isDisjoint(with: .dropsInput) else {
            dropUnread()
            return false
        }
        guard !state.contains(.readPaused) else { return false }
        let unread = dropUnread()
        count { $0.callbacks &+= 1 }
        run {
            if !unread.isEmpty { return try $0.dataReceived(unread.span) }
            try ($0 as? any BufferingProtocol)?.deliverDue()
        }
        deliverWaitingEnd()
        return true
    }

    /// Calls the protocol with the peer's end, if that arrived behind what was kept and nothing is before it any more.
    private func deliverWaitingEnd() {
        guard state.isDisjoint(with: [.hasUnread, .protocolReplaced, .dropsInput]), extras?.endWaits == true else {
            return
        }
        extras?.endWaits = false
        run { $0.readConnectionLost() }
    }

    @discardableResult
    func dropUnread() -> [UInt8] {
        state.remove(.hasUnread)
        guard let extras else { return [] }
        let unread = extras.unread
        extras.unread = []
        return unread
    }

    /// Bytes arrived while others wait in front of them, or a protocol that is to take them over.
    ///
    /// It happens if reading was resumed, or the protocol switched, outside a callback, and while the rest of a broken
    /// connection is delivered. They are kept first: what is processed may read on, or end the connection.
    func receivedBehindUnread(_ data: Span<UInt8>) {
        noteReceived(data.count)
        count { $0.bytesReceived &+= data.count }
        if state.contains(.readRateLimited) { chargeReading(data.count) }
        makeExtras().unread.append(contentsOf: data)
        state.insert(.hasUnread)
        processPendingState()
    }
}

/// A protocol that keeps bytes of its own which it has not handled, such as a part of a line.
package protocol BufferingProtocol: Protocol {
    /// The bytes that it was given and has not handled, while it handles a frame too.
    var unconsumedByteCount: Int { get }

    /// Gives away what it keeps, since another protocol takes over; outside its callback that is all of it.
    ///
    /// The bytes of a callback under way are not among them: it gives those back by ``StreamConnection/keepUnread(_:)``
    /// when the frame's callback has returned.
    func takeUnconsumed() -> [UInt8]

    /// Delivers what takes no byte, which it asked for by ``StreamConnection/deliverDue()``.
    func deliverDue() throws
}

extension BufferingProtocol {
    package func deliverDue() throws {}
}
