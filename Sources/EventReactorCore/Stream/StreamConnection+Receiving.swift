#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Receiving: bytes and the end go from the engine to the protocol, or to a relay.
extension StreamConnection {
    /// Whether bytes are to be read: to be delivered, or dropped so that the peer's end is seen.
    package var wantsReading: Bool {
        if state.contains(.readEnded) || state.contains(.lost) { return false }
        return state.contains(.closing) || state.isDisjoint(with: [.readPaused, .readStarved])
    }

    /// Whether all that came may be read; otherwise `readAllowance(of:)` says how much, if any.
    @inline(__always)
    package var readsFreely: Bool {
        if state.isDisjoint(with: [.readEnded, .lost, .readPaused, .readRateLimited]) { return true }
        return state.contains(.closing) && state.isDisjoint(with: [.readEnded, .lost])
    }

    /// Whether bytes are to be read as soon as the limits allow it.
    package var willRead: Bool {
        if state.contains(.readEnded) || state.contains(.lost) { return false }
        if state.contains(.closing) || !state.contains(.readPaused) { return true }
        // A layer pauses for the limits of the connection above.
        return carriedLayer?.upper?.willRead ?? false
    }

    // MARK: What the engine reports

    /// The descriptor is readable: receives once into the reactor's buffer, if everything that arrives may be read.
    ///
    /// The engine's call is in the middle of it, since two calls between modules would cost each message 15 instructions of
    /// 626 (bench instructions).
    ///
    /// - Parameter receive: receives from a descriptor into so many bytes of memory, and returns as `recv` does.
    /// - Returns: whether it was called; otherwise `readAllowance(of:)` says how much may be read, if any.
    @inline(never)
    package func receiveFreely(_ receive: (Int32, UnsafeMutableRawPointer?, Int) -> Int) -> Bool {
        guard readsFreely else { return false }
        let buffer = unsafe receiveBuffer
        let count = unsafe receive(descriptor, buffer.baseAddress, buffer.count)
        guard count > 0, count < buffer.count else {
            unsafe receivedUnusually(count, in: buffer)
            return true
        }
        let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe deliver(UnsafeBufferPointer(start: start, count: count).span)
        return true
    }

    /// Handles the result of a call of `recv` into the reactor's buffer, or into the front of it.
    @inline(never)
    package func receivedUnusually(_ count: Int, in buffer: UnsafeMutableRawBufferPointer) {
        if count > 0 {
            if count == buffer.count { filledReceiveBuffer(count) }
            unsafe deliver(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bindMemory(to: UInt8.self).span)
        } else if count == 0 {
            receivedEnd()
        } else if errno != EAGAIN && errno != EINTR {
            broke(errno)
        }
    }

    /// Bytes arrived.
    package func received(_ data: Span<UInt8>) {
        deliver(data)
    }

    /// Bytes arrived.
    @inline(__always)
    private func deliver(_ data: Span<UInt8>) {
        // One question for all: a connection without limits and timeouts pays nothing for them.
        if !state.isDisjoint(with: .needsSlowReadPath) {
            guard state.isDisjoint(with: .divertsInput) else { return receivedElsewhere(data) }
            noteReceived(data.count)
            if state.contains(.readRateLimited) { chargeReading(data.count) }
        }
        count {
            $0.callbacks &+= 1
            $0.bytesReceived &+= data.count
        }
        state.insert(.inCallback)
        do {
            // The loss waits until the callback has returned, so the protocol outlives it.
            if let held = unsafe retainedProtocol {
                try unsafe held._withUnsafeGuaranteedRef { try $0.dataReceived(data) }
            }
        } catch {
            fail(error)
        }
        leave()
    }

    /// The peer ended its side.
    package func receivedEnd() {
        if !state.isDisjoint(with: [.hasUnread, .protocolReplaced]) { processPendingState() }
        guard state.isDisjoint(with: [.readEnded, .lost]) else { return }
        state.endReading()
        if state.contains(.broken) { return finish(.lost(brokenCode), reset: true) }
        if state.contains(.awaitingPeer) { return finish(.done) }
        if state.isDisjoint(with: .divertsInput) {
            call { $0.readConnectionLost() }
        } else {
            receivedEndElsewhere()
            processPendingState()
        }
        // Only now: most connections are closed by that, and need no other interest before.
        if !state.contains(.lost) { updateReadInterest() }
    }

    /// Whether bytes are wanted may have changed: the engine registers interest accordingly.
    ///
    /// A pause alone changes nothing yet: most end before anything has come.
    @inline(never)
    func updateReadInterest() {
        if wantsReading || takesBySplice {
            state.remove(.parked)
        } else if state.contains(.readEnded) {
            state.insert(.parked)
        }
        engine.interestChanged(self)
    }

    /// A read filled the buffer that it was given.
    private func filledReceiveBuffer(_ count: Int) {
        unsafe storedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { $0.receiveBufferWasFilled(count) }
        }
    }
}
