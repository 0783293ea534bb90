/// Layers: a connection that carries one, below it, and the connection that one carries, above it.
extension StreamConnection {
    // MARK: Below a layer

    /// Begins to carry a layer, which is its protocol already.
    ///
    /// Its marks become 0: the layer learns as soon as bytes wait, and when all have gone. The marks and the limit
    /// that it had are those of the connection above.
    ///
    /// - Parameter engine: of the connection above.
    package func carryLayer(_ engine: any StreamEngine) {
        state.insert(.carriesLayer)
        settings = settings.carrying(engine)
        // They count the bytes of the program, and so those above.
        let rates = extras?.rateLimit
        let policy = timeouts?.policy
        guard rates != nil || policy != nil else { return }
        let limits = LimitsAbove(rateLimit: rates?.limit, group: rates?.group, timeouts: policy)
        _ = setRateLimitGroup(nil)
        _ = setRateLimit(nil)
        stopTimeouts()
        makeExtras().limitsAbove = limits
    }

    /// Gives the connection to a layer in place of its protocol, which the layer has to retain.
    package func interpose(_ layer: any StreamLayer, engine: any StreamEngine) {
        let last = unsafe retainedProtocol?.takeRetainedValue()
        unsafe retainedProtocol = .passRetained(layer)
        layer.connect(to: self)
        carryLayer(engine)
        // It may be in a callback, and nothing else may retain it.
        if state.contains(.inCallback) { reactor.callSoon { withExtendedLifetime(last) {} } }
    }

    /// The protocol that it serves; nil after the loss.
    package var servedProtocol: Protocol? { unsafe retainedProtocol?.takeUnretainedValue() }

    /// The layer that it carries.
    var carriedLayer: (any StreamLayer)? {
        state.contains(.carriesLayer) ? servedProtocol as? any StreamLayer : nil
    }

    /// Sends bytes of the layer, which count as traffic above and not here.
    package func writeUncounted(_ bytes: UnsafeRawBufferPointer) {
        guard state.isDisjoint(with: .rejectsWrites) else { return }
        count { $0.bytesTaken &-= bytes.count }
        unsafe gather(bytes)
    }

    /// Takes back the count of a delivery, whose bytes the layer delivers as other ones.
    package func discountDelivery(of byteCount: Int) {
        count {
            $0.callbacks &-= 1
            $0.bytesReceived &-= byteCount
        }
    }

    /// Refuses to serve by a protocol that serves another connection: reports it, and resets.
    ///
    /// - Parameter wasAccepted: whether a listener made it, whose refusals are counted.
    package func refuseReusedProtocol(wasAccepted: Bool) {
        _ = reactor.reportReusedProtocol(peer: peer)
        if wasAccepted { reactor.counts.refused.add(.protocolReused) }
        abortConnection()
    }

    /// Counts a connection of a listener that is refused after it began, since its protocol is made later.
    package func countRefusal(_ cause: ReactorMetrics.Refusal) {
        reactor.counts.refused.add(cause)
        if cause == .declined { settings.members?.port?.counters.refusedByFactory += 1 }
    }

    /// Whether it ends otherwise than in order, or has ended.
    package var isEnding: Bool { !state.isDisjoint(with: [.failed, .aborted, .lost]) }

    /// Whether sending failed, so that what had arrived before is still delivered.
    package var isBroken: Bool { state.contains(.broken) }

    /// Whether a layer may come between the connection and its protocol, which has begun.
    package var mayCarryLayer: Bool {
        let hinders: State = [
            .writeEnding, .readEnded, .relaying, .hasQueuedTransfers, .carriesLayer, .protocolReplaced,
        ]
        return state.isDisjoint(with: hinders) && !isClosing
    }

    /// Offers bytes to the kernel at once, as the last before the connection is closed.
    package func offerLastWords(_ bytes: UnsafeRawBufferPointer) {
        guard state.isDisjoint(with: [.cannotSend, .queued, .writeEnded]) else { return }
        _ = unsafe engine.send(self, bytes)
    }

    /// The reason to report in place of ``ConnectionLostReason/done``.
    package func setFailureForLayer(_ failure: any Error) {
        makeExtras().failure = failure
    }

    /// Whether bytes wait that the kernel did not take.
    package var hasWaitingBytes: Bool { waitingByteCount > 0 }

    /// Closes in order for the layer, which has nothing more to send.
    ///
    /// - Parameters:
    ///   - failure: the reason to report in place of ``ConnectionLostReason/done``.
    ///   - deadline: how long it may take; nil leaves the deadline that is set.
    package func endForLayer(because failure: (any Error)? = nil, within deadline: Duration? = nil) {
        guard !isEnding, !state.contains(.closing) else { return }
        if let failure { setFailureForLayer(failure) }
        if let deadline { setDeadline(deadline) }
        state.begin(.closing)
        if state.contains(.parked) || state.contains(.readPaused) { updateReadInterest() }
        scheduleFlushOutsideCallback()
    }

    /// Ends with a reset and an error, as a protocol's error does.
    package func failUnlessEnding(_ error: any Error) {
        guard !isEnding else { return }
        fail(error)
        scheduleFlushOutsideCallback()
    }

    // MARK: Above a layer

    /// The connection above a layer, for the protocol of the program.
    ///
    /// - Parameter lower: carries the layer.
    package convenience init(over lower: StreamConnection, protocol: Protocol) {
        self.init(
            descriptor: -1, peer: lower.peer, protocol: `protocol`, settings: lower.settings.above ?? lower.settings)
        unsafe handle = OpaquePointer(Unmanaged.passUnretained(lower).toOpaque())
        state.insert([.layered, .established])
        // What the protocol knows of the connection stays true if it was its own before.
        state.formUnion(lower.state.intersection([.readPaused, .writePaused]))
        `protocol`.connect(to: self)
        if let observer = lower.extras?.observer {
            lower.extras?.observer = nil
            attach(observer)
        }
        if let replaced = lower.replacedAddresses { makeExtras().replacedAddresses = replaced }
        guard let limits = lower.extras?.limitsAbove else { return }
        lower.extras?.limitsAbove = nil
        _ = setRateLimitGroup(limits.group)
        _ = setRateLimit(limits.rateLimit)
        if let policy = limits.timeouts { startTimeouts(by: policy) }
    }

    /// The connection below, if this one is carried by a layer and not lost.
    package var below: StreamConnection? {
        guard state.contains(.layered), let handle = unsafe handle else { return nil }
        return unsafe Unmanaged<StreamConnection>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    /// Calls `connectionMade`, and flushes what it writes.
    package func beginAboveLayer() {
        runConnectionMade()
        leave()
    }

    /// Looks at the watermarks: bytes wait below, or wait no more.
    package func layerBelowChanged(hasRoom: Bool) {
        guard !state.contains(.lost) else { return }
        state.insert(.watermarkCrossed)
        if !state.contains(.wantsRoom) {
            if hasRoom { timeouts?.endedWaiting() } else { timeouts?.beganWaiting() }
        }
        if hasRoom { self.hasRoom() }
        if !state.contains(.inCallback) { processPendingState() }
    }

    /// The connection below is lost, and this one with it.
    package func layerBelowLost(_ reason: ConnectionLostReason) {
        let expired = below?.expiredTimeout
        finish(reason, expired: expired)
    }

    /// The layer has failed and closes the connection below: nothing more is sent or delivered.
    package func layerFailed(_ error: any Error) {
        guard !isEnding else { return }
        fail(error)
    }

    /// Has the connection below end as this one does, which then reports the loss.
    func endBelow() {
        guard let below, !below.isEnding else { return }
        // The layer has failed, and its last words are on their way.
        if below.state.contains(.closing), below.extras?.failure != nil { return }
        if state.ending == .failed { return below.failUnlessEnding(extras?.failure ?? CancellationError()) }
        below.state.begin(.aborted)
        below.scheduleFlushOutsideCallback()
    }

    /// Everything is sent: has the layer say so, and the connection below close in order.
    func closeBelow() {
        guard let below else { return }
        if !state.contains(.writeEnded) {
            state.endWriting()
            engine.shutdownWrite(self)
        }
        below.endForLayer(within: state.contains(.closing) ? nil : settings.closeDeadline)
    }
}
