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
            try unsafe held?._withUnsafeGuaranteedRef { try body($0) }
        } catch {
            fail(error)
        }
        state.remove(.inCallback)
    }

    @inline(__always)
    func leave() {
        state.remove(.inCallback)
        if gathered != nil { flush() }
        if !state.isDisjoint(with: .unsettled) { settle() }
    }

    func fail(_ error: any Error) {
        makeExtras().failure = error
        state.insert(.failed)
        dropGathered()
    }

    func makeExtras() -> Extras {
        if let extras { return extras }
        let made = Extras()
        extras = made
        return made
    }

    /// Has the reactor settle this connection at the end of the turn.
    @inline(never)
    func list() {
        guard state.isDisjoint(with: [.listed, .lost]) else { return }
        state.insert(.listed)
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { $0.list(self) }
        }
    }

    /// The end of the turn: settles a connection that was listed.
    func settleListed() {
        state.remove(.listed)
        settle()
    }

    /// Does what the state asks for, until nothing is left to do.
    ///
    /// Never called inside a callback of this protocol.
    func settle() {
        while !state.contains(.lost) {
            flush()
            state.remove(.marked)
            if state.contains(.failed) {
                return finish(.failed(extras?.failure ?? CancellationError()), reset: true)
            }
            if state.contains(.aborted) { return finish(.aborted, reset: true) }
            if state.contains(.broken) {
                // A peer that went may have left bytes behind: they are read first, up to its reset or end.
                // What is no doing of the peer's it will not report.
                let peerWent = brokenCode == EPIPE || brokenCode == ECONNRESET
                if !peerWent || !(willRead || takesBySplice) || state.contains(.closing) {
                    return finish(.lost(brokenCode), reset: false)
                }
                return
            }
            if state.contains(.lining) && advanceLine() { continue }
            let waiting = waitingByteCount
            if state.isDisjoint(with: .deaf) {
                if !state.contains(.writePaused) && waiting > settings.highMark {
                    state.insert(.writePaused)
                    run { $0.pauseWriting() }
                    continue
                }
                if state.contains(.writePaused) && waiting <= settings.lowMark {
                    state.remove(.writePaused)
                    run { $0.resumeWriting() }
                    continue
                }
            }
            guard waiting == 0, !state.contains(.lining) else { return }
            if state.contains(.closing) { return finishClosing() }
            if state.contains(.endsWriting) && !state.contains(.writeEnded) {
                state.insert(.writeEnded)
                engine.shutdownWrite(self)
                run { $0.writeConnectionLost() }
                continue
            }
            if state.isSuperset(of: [.writeEnded, .readEnded]) { return finish(.done, reset: false) }
            return
        }
    }

    /// All is sent.
    ///
    /// What the peer has not taken would be lost if unread bytes made the kernel reset the connection, so the end is
    /// sent first and the descriptor closed when the peer has everything.
    private func finishClosing() {
        if state.contains(.readEnded) { return finish(.done, reset: false) }
        if !state.contains(.lingering) {
            guard engine.closingLosesBytes(self) else { return finish(.done, reset: false) }
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
            if !engine.closingLosesBytes(self) { return finish(.done, reset: false) }
            guard !state.contains(.lost) else { return }
            recheck(after: min(delay * 2, .seconds(1)))
        }
    }

    func setDeadline(_ deadline: Duration?) {
        extras?.deadline?.cancel()
        guard let deadline else { return }
        makeExtras().deadline = reactor.callLater(deadline) { [self] in
            finish(.timedOut, reset: true, expired: .close)
        }
    }

    /// The reactor goes in the middle of a run: the protocol is let go without a word, and later calls are harmless.
    func abandon() {
        let local = localAddress
        state.insert(.lost)
        dropGathered()
        extras?.meter?.end()
        unwatch()
        extras = nil
        makeExtras().local = local
        releaseProtocol()
    }

    /// Ends the connection: the descriptor is closed, the protocol told, and let go.
    package func finish(_ reason: ConnectionLostReason, reset: Bool, expired: StreamTimeout? = nil) {
        guard !state.contains(.lost) else { return }
        let local = localAddress
        state.insert(.lost)
        if !state.isDisjoint(with: .indirect) { reactor.counts.bytesDropped &+= queuedByteCount }
        state.remove(.queued)
        dropGathered()
        unwatch()
        let last = extras
        if let last {
            last.deadline?.cancel()
            last.recheck?.cancel()
            last.meter?.end()
            // Before the descriptor goes that it watches.
            last.roomWatch = nil
            self.extras = nil
        }
        let extras = makeExtras()
        extras.local = local
        extras.expired = expired
        engine.close(self, reset: reset)
        reactor.unregister(self)
        reactor.counts.lost.add(.init(reason))
        if let line = last?.line { dissolve(line, reason) }
        if let relay = last?.relay { relay.sourceLost(reason) }
        unsafe held?._withUnsafeGuaranteedRef { $0.connectionLost(reason) }
        releaseProtocol()
    }

    func releaseProtocol() {
        let last = unsafe held
        unsafe held = nil
        unsafe last?.release()
    }
}
