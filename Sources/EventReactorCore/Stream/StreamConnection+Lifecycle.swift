#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What follows from the protocol's calls and from what the engine reported.
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
        state.insert(.failed)
        dropGathered()
    }

    /// The engine cannot watch the descriptor for what the connection waits for, and so would never report it.
    ///
    /// - Parameters:
    ///   - code: the errno.
    ///   - operation: the call that failed, for the error.
    package func interestFailed(_ code: Int32, _ operation: String) {
        guard state.isDisjoint(with: [.failed, .aborted, .lost]) else { return }
        fail(SystemError(code: code, operation: operation, address: peer))
        scheduleFlushOutsideCallback()
    }

    func makeExtras() -> Extras {
        if let extras { return extras }
        let made = Extras()
        extras = made
        return made
    }

    /// Has the reactor settle this connection at the end of the turn.
    @inline(never)
    func scheduleFlush() {
        guard state.isDisjoint(with: [.flushScheduled, .lost]) else { return }
        state.insert(.flushScheduled)
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { $0.list(self) }
        }
    }

    /// The end of the turn: settles a connection that was listed.
    func settleListed() {
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
        if state.contains(.failed) {
            finish(.failed(extras?.failure ?? CancellationError()), reset: true)
            return false
        }
        if state.contains(.aborted) {
            finish(.aborted, reset: true)
            return false
        }
        if state.contains(.broken) { return endBroken() }
        if state.contains(.hasQueuedTransfers) && advanceLine() { return true }
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
            finishClosing()
            return false
        }
        if state.contains(.endsWriting) && !state.contains(.writeEnded) {
            state.insert(.writeEnded)
            engine.shutdownWrite(self)
            run { $0.writeConnectionLost() }
            return true
        }
        if state.isSuperset(of: [.writeEnded, .readEnded]) { finish(.done) }
        return false
    }

    /// Sending failed: delivers what had arrived before, then ends the connection.
    ///
    /// The peer's end is not waited for: one that has shut its reading side alone may never come to it.
    ///
    /// - Returns: whether something else has ended it meanwhile, and is to be told.
    private func endBroken() -> Bool {
        let peerWent = brokenCode == EPIPE || brokenCode == ECONNRESET
        if peerWent && (willRead || takesBySplice) && !state.contains(.closing) {
            engine.deliverArrived(self)
            if !state.isDisjoint(with: [.failed, .aborted]) { return true }
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
        if !state.contains(.lingering) {
            guard engine.closingLosesBytes(self) else { return finish(.done) }
            guard !state.contains(.lost) else { return }
            state.insert(.lingering)
            if !state.contains(.writeEnded) {
                state.insert(.writeEnded)
                engine.shutdownWrite(self)
            }
            engine.readingChanged(self)
            recheck(after: .milliseconds(20))
        }
    }

    /// Looks again whether the peer has everything; seldom needed, since most peers answer the end with theirs.
    private func recheck(after delay: Duration) {
        makeExtras().recheck = reactor.callLater(delay) { [self] in
            guard !state.contains(.lost) else { return }
            if !engine.closingLosesBytes(self) { return finish(.done) }
            guard !state.contains(.lost) else { return }
            recheck(after: min(delay * 2, .seconds(1)))
        }
    }

    func setDeadline(_ deadline: Duration?) {
        extras?.deadline?.cancel()
        guard let deadline else { return }
        makeExtras().deadline = reactor.callLater(deadline) { [self] in
            offerAll()
            processPendingState()
            finish(.timedOut, reset: true, expired: .close)
        }
    }

    /// Offers what was written to the kernel once, before the connection is ended.
    ///
    /// An engine that queues all would otherwise drop what the last callback wrote, before the kernel was asked.
    func offerAll() {
        flush()
        if state.isDisjoint(with: .cannotSend), state.contains(.queued) { engine.offerQueue(self) }
    }

    /// The reactor goes in the middle of a run: the protocol is told nothing, and later calls are harmless.
    ///
    /// - Returns: what it held, to be released once nothing leads to the reactor any more.
    func abandon() -> [Any] {
        let local = localAddress
        state.insert(.lost)
        state.remove(.queued)
        slot = -1
        dropGathered()
        stopTimeouts()
        let last = extras
        last?.meter?.end()
        last?.relay?.abandon()
        if let line = last?.line { for case .relay(let relay) in line.all { relay.abandon() } }
        last?.roomWatch = nil
        extras = nil
        makeExtras().local = local
        engine.close(self, reset: true)
        settings.members?.remove(peer)
        defer { releaseProtocol() }
        return [last as Any, unsafe retainedProtocol.map { unsafe $0.takeUnretainedValue() } as Any]
    }

    /// Ends the connection: closes the descriptor, tells the protocol, and releases it.
    ///
    /// - Parameter reset: whether to reset the connection in any case. It is reset all the same if bytes, a file's rest
    ///   or a relay's rest are dropped: after an orderly end the peer would take what it got for all there was.
    package func finish(_ reason: ConnectionLostReason, reset: Bool = false, expired: StreamTimeout? = nil) {
        guard !state.contains(.lost) else { return }
        let local = localAddress
        let resets = reset || dropsWrittenBytes
        state.insert(.lost)
        if !state.isDisjoint(with: .queuesWrites) { reactor.counts.bytesDropped &+= queuedByteCount }
        state.remove(.queued)
        dropGathered()
        stopTimeouts()
        let last = extras
        if let last {
            last.deadline?.cancel()
            last.recheck?.cancel()
            last.sendCheck?.cancel()
            last.meter?.end()
            // Before the descriptor goes that it watches.
            last.roomWatch = nil
            self.extras = nil
        }
        let extras = makeExtras()
        extras.local = local
        extras.expired = expired
        engine.close(self, reset: resets)
        reactor.unregister(self)
        reactor.counts.lost.add(.init(reason))
        if let line = last?.line { dissolve(line, reason) }
        if let relay = last?.relay { relay.sourceLost(reason) }
        unsafe retainedProtocol?._withUnsafeGuaranteedRef { $0.connectionLost(reason) }
        releaseProtocol()
    }

    /// Whether ending now drops something that was to be sent.
    private var dropsWrittenBytes: Bool {
        if gatheredByteCount > 0 { return true }
        guard !state.isDisjoint(with: .queuesWrites) else { return false }
        // All of the queue: also what a file or a relay at the front has put there.
        guard queuedByteCount == 0 else { return true }
        return extras?.line?.hasRest == true
    }

    func releaseProtocol() {
        let last = unsafe retainedProtocol
        unsafe retainedProtocol = nil
        unsafe last?.release()
    }
}
