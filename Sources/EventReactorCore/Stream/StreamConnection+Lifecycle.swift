#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The life of a connection: acting on the protocol's calls and the engine's reports, closing, and the loss.
extension StreamConnection {
    /// Calls the protocol, then does what follows from it.
    func call(_ body: (Protocol) throws -> Void) {
        run(body)
        leave()
    }

    func run(_ body: (Protocol) throws -> Void) {
        state.insert(.inCallback)
        do {
            try unsafe retainedProtocol?._withUnsafeGuaranteedRef { try body($0) }
        } catch {
            fail(error)
        }
        state.remove(.inCallback)
    }

    @inline(__always)
    func leave() {
        state.remove(.inCallback)
        if gathered != nil { flush() }
        if !state.isDisjoint(with: .hasPendingState) { processPendingState() }
    }

    func fail(_ error: any Error) {
        makeExtras().failure = error
        state.begin(.failed)
        dropGathered()
    }

    /// The engine could not register the interest that the connection needs, and so would never report readiness.
    ///
    /// - Parameters:
    ///   - code: the errno.
    ///   - operation: the call that failed, for the error.
    package func interestFailed(_ code: Int32, _ operation: String) {
        failUnlessEnding(SystemError(code: code, operation: operation, address: peer))
    }

    /// Has the reactor process this connection at the end of the turn.
    @inline(never)
    func scheduleFlush() {
        guard state.isDisjoint(with: [.flushScheduled, .lost]) else { return }
        state.insert(.flushScheduled)
        unsafe storedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { $0.scheduleFlush(of: self) }
        }
    }

    /// The end of the turn has come for a connection whose flush was scheduled.
    func runScheduledFlush() {
        state.remove(.flushScheduled)
        processPendingState()
    }

    /// Does what the state asks for, until nothing is left to do.
    ///
    /// Never called inside a callback of this protocol. Called by what it does itself, such as a relay between two ends
    /// of which one is this connection, it leaves the rest to the call that is under way.
    func processPendingState() {
        if state.contains(.processingPendingState) {
            state.insert(.watermarkCrossed)
            return
        }
        state.insert(.processingPendingState)
        while !state.contains(.lost), processPendingStep() || state.contains(.watermarkCrossed) {}
        state.remove(.processingPendingState)
    }

    /// Does one thing that the state asks for.
    ///
    /// - Returns: whether there may be more to do.
    private func processPendingStep() -> Bool {
        flush()
        state.remove(.watermarkCrossed)
        if state.contains(.protocolReplaced) {
            beginReplacement()
            return true
        }
        if state.contains(.hasUnread), deliverUnread() { return true }
        switch state.ending {
        case .failed, .aborted:
            finishUngracefully()
            return false
        case .broken: return endBroken()
        case .lost: return false
        case .closing, nil: break
        }
        if state.contains(.hasQueuedTransfers) && advanceTransfers() { return true }
        let waiting = waitingByteCount
        if state.isDisjoint(with: .rejectsWrites) {
            if !state.contains(.writePaused) && waiting > settings.highMark {
                state.insert(.writePaused)
                run { $0.pauseWriting() }
                return true
            }
            if state.contains(.writePaused) && waiting <= settings.lowMark {
                state.remove(.writePaused)
                run { $0.resumeWriting() }
                return true
            }
        }
        guard waiting == 0, !state.contains(.hasQueuedTransfers) else { return false }
        if state.contains(.closing) {
            if state.contains(.layered) { closeBelow() } else { finishClosing() }
            return false
        }
        if state.contains(.writeEnding) && !state.contains(.writeEnded) {
            state.endWriting()
            engine.shutdownWrite(self)
            run { $0.writeConnectionLost() }
            return true
        }
        // What was kept waits until reading is resumed, and the end behind it.
        if state.isSuperset(of: [.writeEnded, .readEnded]), !state.contains(.hasUnread) {
            if state.contains(.layered) { closeBelow() } else { finish(.done) }
        }
        return false
    }

    /// A callback threw, a limit was exceeded, or the protocol aborted: the rest is dropped.
    private func finishUngracefully() {
        if state.contains(.layered) { return endBelow() }
        if state.ending == .aborted { return finish(.aborted, reset: true) }
        finish(.failed(extras?.failure ?? CancellationError()), reset: true)
    }

    /// Sending failed: delivers what had arrived before, then ends the connection.
    ///
    /// The peer's end is not waited for: one that has shut its reading side alone may never come to it.
    ///
    /// - Returns: whether another ending has begun meanwhile and has to be processed, or a protocol gets the rest.
    private func endBroken() -> Bool {
        let peerWent = brokenCode == EPIPE || brokenCode == ECONNRESET
        if peerWent && (willRead || takesBySplice) && !state.contains(.closing) {
            engine.deliverArrived(self)
            let isKept = state.contains(.hasUnread) && !state.contains(.readPaused)
            if isKept || !state.isDisjoint(with: [.failed, .aborted, .protocolReplaced]) { return true }
        }
        finish(.lost(brokenCode), reset: true)
        return false
    }

    /// All is sent.
    ///
    /// What the peer has not taken would be lost if unread bytes made the kernel reset the connection, so the end is
    /// sent first and the descriptor closed when the peer has everything.
    private func finishClosing() {
        if state.contains(.readEnded) { return finish(.done) }
        if !state.contains(.awaitingPeer) {
            guard waitsForPeer() else { return }
            state.awaitPeer()
            if !state.contains(.writeEnded) {
                state.endWriting()
                engine.shutdownWrite(self)
            }
            updateReadInterest()
            recheck(after: .milliseconds(20))
        }
    }

    /// Ends the connection if the peer has everything, or is gone.
    ///
    /// - Returns: whether the peer has yet to acknowledge something.
    private func waitsForPeer() -> Bool {
        switch engine.drainInput(of: self) {
        case .delivered: finish(.done)
        case .pending: return true
        // The kernel reports a reset once: the engine would take it for an orderly end now.
        case .failed(let code): broke(code)
        }
        return false
    }

    /// Asks again whether the peer has acknowledged everything; rarely needed: most peers answer the end with theirs.
    private func recheck(after delay: Duration) {
        makeExtras().recheck = reactor.callLater(delay) { [self] in
            guard !state.contains(.lost) else { return }
            guard waitsForPeer() else { return }
            recheck(after: min(delay * 2, .seconds(1)))
        }
    }

    func setDeadline(_ deadline: Duration?) {
        if let below { return below.setDeadline(deadline) }
        guard !state.contains(.lost) else { return }
        extras?.deadline?.cancel()
        guard let deadline else { return }
        makeExtras().deadline = reactor.callLater(deadline) { [self] in
            offerBeforeEnding()
            processPendingState()
            finish(.timedOut, reset: true, expired: .close)
        }
    }

    /// The reactor is released during a run: no callback is made, and later calls are harmless.
    ///
    /// - Returns: the objects that it retained, to be released once nothing refers to the reactor any more.
    func abandon() -> [Any] {
        let above = carriedLayer?.upper?.abandon() ?? []
        let local = localAddress
        state.begin(.lost)
        state.remove(.queued)
        slot = -1
        dropGathered()
        stopTimeouts()
        let last = extras
        last?.rateLimit?.end()
        last?.relay?.abandon()
        let queue = self.queue
        for case .relay(let relay) in queue?.allTransfers ?? [] { relay.abandon() }
        extras = nil
        makeExtras().local = local
        extras?.replacedAddresses = last?.replacedAddresses
        engine.close(self, reset: true)
        self.queue = nil
        settings.members?.remove(peer)
        defer { releaseProtocol() }
        let rest: [Any] = [
            last as Any, queue as Any, unsafe retainedProtocol.map { unsafe $0.takeUnretainedValue() } as Any,
        ]
        return above + rest + (last?.observer?.reactorReleased() ?? [])
    }

    /// Ends the connection: closes the descriptor, calls `connectionLost`, and releases the protocol.
    ///
    /// - Parameter reset: whether to reset the connection in any case. It is reset all the same if bytes, a file's rest
    ///   or a relay's rest are dropped: after an orderly end the peer would take what it got for all there was.
    package func finish(_ reason: ConnectionLostReason, reset: Bool = false, expired: StreamTimeout? = nil) {
        guard !state.contains(.lost) else { return }
        // A protocol that takes over gets its beginning in any case.
        while state.contains(.protocolReplaced) { beginReplacement() }
        var reason = reason
        if case .done = reason, let failure = extras?.failure { reason = .failed(failure) }
        let local = localAddress
        let resets = reset || dropsWrittenBytes
        if state.contains(.carriesLayer) {
            if !resets { carriedLayer?.willClose() }
        } else if let queue {
            reactor.counts.bytesDropped &+= queue.byteCount + queue.byteCountBehindTransfers
        }
        state.begin(.lost)
        state.remove([.queued, .hasUnread])
        dropGathered()
        stopTimeouts()
        let last = extras
        if let last {
            last.deadline?.cancel()
            last.recheck?.cancel()
            last.sendCheck?.cancel()
            last.rateLimit?.end()
            self.extras = nil
        }
        let extras = makeExtras()
        extras.local = local
        extras.replacedAddresses = last?.replacedAddresses
        extras.expired = expired
        engine.close(self, reset: resets)
        let queue = self.queue
        self.queue = nil
        reactor.unregister(self)
        if !state.contains(.layered) { reactor.counts.lost.add(.init(reason)) }
        if let queue { reportLoss(toTransfersOf: queue, reason) }
        if let relay = last?.relay { relay.sourceLost(reason) }
        unsafe retainedProtocol?._withUnsafeGuaranteedRef { $0.connectionLost(reason) }
        releaseProtocol()
        last?.observer?.connectionEnded(reason)
    }

    /// Whether ending now drops something that was to be sent.
    private var dropsWrittenBytes: Bool {
        if gatheredByteCount > 0 { return true }
        // What waits above a layer is dropped with it.
        if extras?.failure == nil, let upper = carriedLayer?.upper, upper.dropsWrittenBytes { return true }
        guard let queue else { return false }
        // All of the queue: also what a file or a relay at the front has put there.
        return queue.byteCount > 0 || queue.hasUnsentTransfers
    }

    func releaseProtocol() {
        let last = unsafe retainedProtocol
        unsafe retainedProtocol = nil
        unsafe last?.release()
    }
}
