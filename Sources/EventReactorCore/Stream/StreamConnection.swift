#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One stream connection of any reactor: the contract's state machine, the same over every engine.
///
/// Everything happens on the reactor's thread. A protocol's calls only change the state and gather bytes; what follows
/// from them is done in ``processPendingState()`` when its callback has returned, or at the end of the turn where it was called from
/// elsewhere. So no callback ever comes inside a call.
@safe
package final class StreamConnection {
    /// What a connection is doing; several at once.
    package struct State: OptionSet {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// `connectionMade` has been called or is being called.
        package static let established = State(rawValue: 1 << 0)
        /// A callback of the protocol is running.
        static let inCallback = State(rawValue: 1 << 1)
        /// `pauseReading` was called last.
        static let readPaused = State(rawValue: 1 << 2)
        /// The peer has ended its side.
        package static let readEnded = State(rawValue: 1 << 3)
        /// `loseWriteConnection` was called.
        static let endsWriting = State(rawValue: 1 << 4)
        /// The end of the stream has been sent.
        package static let writeEnded = State(rawValue: 1 << 5)
        /// `loseConnection` was called.
        static let closing = State(rawValue: 1 << 6)
        /// Closing, all sent, waiting for the peer to take it.
        static let lingering = State(rawValue: 1 << 7)
        /// `abortConnection` was called.
        static let aborted = State(rawValue: 1 << 8)
        /// A callback threw, or a limit was passed; the error is in `extras`.
        static let failed = State(rawValue: 1 << 9)
        /// Sending failed; the errno is in `brokenCode`.
        ///
        /// What arrived before is still delivered.
        static let broken = State(rawValue: 1 << 10)
        /// `connectionLost` has been called or is being called.
        package static let lost = State(rawValue: 1 << 11)
        /// `pauseWriting` was called last.
        static let writePaused = State(rawValue: 1 << 12)
        /// Something in `outbox` waits for room in the kernel.
        package static let queued = State(rawValue: 1 << 13)
        /// In the reactor's list of connections to settle at the end of the turn.
        static let flushScheduled = State(rawValue: 1 << 14)
        /// A mark was passed: look when the callback has returned.
        static let watermarkCrossed = State(rawValue: 1 << 15)
        /// The engine watches for nothing but a reset, since reading is not wanted.
        package static let parked = State(rawValue: 1 << 16)
        /// What is read is counted against a limit.
        static let readMetered = State(rawValue: 1 << 17)
        /// What is written is counted against a limit, and waits in `extras` for tokens.
        static let writeMetered = State(rawValue: 1 << 18)
        /// A limit allows no reading now.
        static let readStarved = State(rawValue: 1 << 19)
        /// Files or relays stand in line, and what is written now behind them: `queued` is set too.
        static let hasQueuedTransfers = State(rawValue: 1 << 20)
        /// The engine tells by `hasRoom` that the kernel would take bytes.
        package static let wantsRoom = State(rawValue: 1 << 21)
        /// What arrives is for a relay, which is in `extras`.
        static let relaying = State(rawValue: 1 << 22)
        /// What arrives is taken by splice: the engine calls `readable`.
        static let splices = State(rawValue: 1 << 23)
        /// It has timeouts: what arrives and what is taken is to be noted in its ``ConnectionTimeouts``.
        package static let hasTimeouts = State(rawValue: 1 << 24)

        /// What follows from the state is being done, by a call of `settle` that is under way.
        static let processingPendingState = State(rawValue: 1 << 25)

        /// No write is taken in these.
        static let rejectsWrites: State = [.closing, .endsWriting, .aborted, .failed, .broken, .lost]
        /// Bytes that arrive in these are not for the protocol: they are dropped, or relayed.
        static let divertsInput: State = [.closing, .aborted, .failed, .lost, .relaying]
        /// What is to be done with bytes that arrive is not just to deliver them.
        static let needsSlowReadPath: State = [.divertsInput, .readMetered, .hasTimeouts]
        /// What is written is not offered to the kernel at once.
        static let queuesWrites: State = [.queued, .writeMetered]
        /// Nothing is handed to the kernel in these.
        static let cannotSend: State = [.broken, .failed, .aborted, .lost]
        /// Something is to be done once a callback has returned.
        static let hasPendingState: State = [.closing, .endsWriting, .aborted, .failed, .broken, .watermarkCrossed]
    }

    /// What few connections need, made when they do.
    package final class Extras {
        var failure: (any Error)?
        var deadline: DelayedCall?
        var recheck: DelayedCall?
        /// When to ask next whether what waits in line can still be sent.
        var sendCheck: DelayedCall?
        var meter: ConnectionRateLimit?
        /// What goes out without having been written.
        var line: OutgoingLine?
        /// Where what arrives goes.
        var relay: StreamRelay?
        /// The engine's own: what watches for room in the kernel.
        package var roomWatch: AnyObject?
        /// The timeout that ended the connection.
        var expired: StreamTimeout?
        /// The address of this end, kept from the loss on.
        var local = SocketAddress.unnamedUnix
    }

    // The data path uses these several times a message, and the check at run time that no two accesses to a property
    // overlap would cost more than all else there. None can: there is one thread, and each access is one load or store.

    @exclusivity(unchecked) private var uncheckedState: State = []
    package var state: State {
        get { unsafe uncheckedState }
        set { unsafe uncheckedState = newValue }
    }

    package let descriptor: Int32

    @exclusivity(unchecked) private var uncheckedProtocol: Unmanaged<Protocol>?
    /// The protocol, held from the start to the loss.
    var retainedProtocol: Unmanaged<Protocol>? {
        get { unsafe uncheckedProtocol }
        set { unsafe uncheckedProtocol = newValue }
    }

    @exclusivity(unchecked) private var uncheckedGathered: Chunk?
    /// What was written in this callback and is not sent yet.
    var gathered: Chunk? {
        get { unsafe uncheckedGathered }
        set { unsafe uncheckedGathered = newValue }
    }

    @exclusivity(unchecked) var uncheckedSettings: Unmanaged<StreamSettings>
    package internal(set) var settings: StreamSettings {
        get { unsafe uncheckedSettings.takeUnretainedValue() }
        set {
            let last = unsafe uncheckedSettings
            unsafe uncheckedSettings = .passRetained(newValue)
            unsafe last.release()
        }
    }

    /// The engine's own: what watches the descriptor.
    package var handle: OpaquePointer?
    /// The engine's own: what holds the bytes that wait.
    package var outbox: OpaquePointer?
    @exclusivity(unchecked) private(set) var uncheckedAttachment: Unmanaged<AnyObject>?
    /// The extras, or the watch, which has a place for them; few connections have either.
    var attachment: AnyObject? {
        get { unsafe uncheckedAttachment?.takeUnretainedValue() }
        set {
            let last = unsafe uncheckedAttachment
            unsafe uncheckedAttachment = newValue.map { unsafe .passRetained($0) }
            unsafe last?.release()
        }
    }
    let peer: SocketAddress
    /// The place in the reactor's table.
    var slot: Int32 = -1
    /// The errno with which sending failed.
    var brokenCode: Int32 = 0

    package init(
        descriptor: Int32, peer: SocketAddress, protocol: Protocol, settings: StreamSettings
    ) {
        self.descriptor = descriptor
        self.peer = peer
        unsafe uncheckedSettings = .passRetained(settings)
        unsafe uncheckedProtocol = .passRetained(`protocol`)
    }

    deinit {
        // Only a connection that was never started still holds its protocol here.
        if let held = unsafe retainedProtocol { unsafe held.release() }
        unsafe uncheckedSettings.release()
        unsafe uncheckedAttachment?.release()
    }

    /// The reactor, which outlives the connection until its loss.
    package var reactor: ReactorBase {
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { unsafe $0.owner.takeUnretainedValue() }
    }

    /// The engine, which the settings hold.
    package var engine: any StreamEngine { unsafe uncheckedSettings._withUnsafeGuaranteedRef { $0.engine } }

    /// Changes what the data path counts, without the cost of holding the reactor meanwhile.
    @inline(__always)
    func count(_ body: (inout TrafficCounts) -> Void) {
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { unsafe body(&$0.uncheckedTraffic) }
        }
    }

    /// The work of the reactor's turn has begun with this connection, if it had not before.
    package func beginWork() {
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { $0.beginWork() }
        }
    }

    /// The reactor's buffer for receiving, without the cost of holding the reactor meanwhile.
    ///
    /// Whoever asks for it has bytes to receive: the work of the turn has begun.
    @inline(__always)
    package var receiveBuffer: UnsafeMutableRawBufferPointer {
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { reactor in
                if unsafe reactor.uncheckedTraffic.workBegan == TrafficCounts.waiting {
                    return unsafe ReactorBase.receiveBufferAsWorkBegins(reactor)
                }
                return unsafe reactor.receiveBuffer
            }
        }
    }

    /// A read filled the buffer that it was given.
    @inline(never)
    package func filledReceiveBuffer(_ count: Int) {
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { $0.receiveBufferWasFilled(count) }
        }
    }

    /// The reactor's chunks, without the cost of holding the reactor meanwhile.
    @inline(__always)
    func withChunks<Result>(_ body: (ChunkPool) -> Result) -> Result {
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { body($0.chunks) }
        }
    }

    // MARK: What the engine reports

    /// Whether bytes are to be read: to be delivered, or dropped so that the peer's end is seen.
    package var wantsReading: Bool {
        if state.contains(.readEnded) || state.contains(.lost) { return false }
        return state.contains(.closing) || state.isDisjoint(with: [.readPaused, .readStarved])
    }

    /// Whether all that came may be read; otherwise `readAllowance(of:)` says how much, if any.
    @inline(__always)
    package var readsFreely: Bool {
        if state.isDisjoint(with: [.readEnded, .lost, .readPaused, .readMetered]) { return true }
        return state.contains(.closing) && state.isDisjoint(with: [.readEnded, .lost])
    }

    /// Whether bytes are to be read as soon as the limits allow it.
    package var willRead: Bool {
        if state.contains(.readEnded) || state.contains(.lost) { return false }
        return state.contains(.closing) || !state.contains(.readPaused)
    }

    /// The reactor's buffer where all that came may be read, and an empty one where not: two questions in one call.
    package var wantedBuffer: UnsafeMutableRawBufferPointer {
        unsafe readsFreely ? receiveBuffer : UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Makes the connection: `connectionMade` is called, and bytes arrive from the next turn on.
    ///
    /// - Parameters:
    ///   - origin: what made it.
    ///   - failed: called in place of everything else if the connection cannot be watched, or if its protocol serves
    ///     another one; unless given, the reactor reports it.
    package func start(as origin: ReactorMetrics.Origin = .other, failed: ((SystemError) -> Void)? = nil) {
        reactor.register(self)
        if unsafe retainedProtocol?._withUnsafeGuaranteedRef({ $0.wasConnected }) == true {
            reactor.report(.protocolReused(peer: peer))
            let error = SystemError(code: EISCONN, operation: "serving two connections by one protocol", address: peer)
            return refuse(error, cause: .protocolReused, origin, failed ?? { _ in })
        }
        do throws(SystemError) {
            try engine.open(self)
        } catch {
            return refuse(error, cause: .unwatched, origin, failed)
        }
        reactor.counts.made.add(origin)
        state.insert(.established)
        if let limit = settings.rateLimit { _ = setRateLimit(limit) }
        if let limits = settings.limits { startTimeouts(by: limits) }
        unsafe retainedProtocol?._withUnsafeGuaranteedRef { $0.connect(to: self) }
        call { try $0.connectionMade() }
    }

    /// It never was a connection for the protocol: nothing is called.
    private func refuse(
        _ error: SystemError, cause: ReactorMetrics.Refusal, _ origin: ReactorMetrics.Origin,
        _ failed: ((SystemError) -> Void)?
    ) {
        state.insert(.lost)
        extras?.meter?.end()
        engine.close(self, reset: true)
        reactor.unregister(self)
        releaseProtocol()
        if origin == .listener { reactor.counts.refused.add(cause) }
        if let failed { failed(error) } else { reactor.report(.connectionFailed(error)) }
    }

    /// Bytes arrived.
    package func received(_ data: Span<UInt8>) {
        // One question for all: a connection without limits and timeouts pays nothing for them.
        if !state.isDisjoint(with: .needsSlowReadPath) {
            guard state.isDisjoint(with: .divertsInput) else { return receivedElsewhere(data) }
            noteReceived(data.count)
            if state.contains(.readMetered) { chargeReading(data.count) }
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
        guard state.isDisjoint(with: [.readEnded, .lost]) else { return }
        state.insert(.readEnded)
        if state.contains(.broken) { return finish(.lost(brokenCode), reset: true) }
        if state.contains(.lingering) { return finish(.done) }
        if state.isDisjoint(with: .divertsInput) {
            call { $0.readConnectionLost() }
        } else {
            receivedEndElsewhere()
            processPendingState()
        }
        // Only now: most connections are closed by that, and need not be watched in another way before.
        if !state.contains(.lost) { engine.readingChanged(self) }
    }

    /// The connection is gone: reset by the peer, or the peer out of reach.
    package func broke(_ code: Int32) {
        finish(.lost(code), reset: true)
    }

    /// Sending failed.
    ///
    /// What arrived before the peer went is delivered first.
    package func sendFailed(_ code: Int32) {
        guard state.isDisjoint(with: [.broken, .lost]) else { return }
        state.insert(.broken)
        if state.contains(.queued) { reactor.counts.bytesDropped &+= engine.queuedByteCount(self) }
        state.remove(.queued)
        brokenCode = code
        if state.contains(.hasQueuedTransfers) { watchRoom(false) }
        if !state.contains(.inCallback) { scheduleFlush() }
    }

    /// The queue has come down to the low mark or further.
    package func outboxDrained(remaining: Int) {
        if remaining == 0 {
            noteWaiting(false)
            if !state.contains(.hasQueuedTransfers) { state.remove(.queued) }
            if state.contains(.writeMetered) { pump() }
        }
        if !state.contains(.inCallback) { processPendingState() }
    }

    // MARK: Addresses

    package var peerAddress: SocketAddress { peer }

    package var localAddress: SocketAddress {
        state.contains(.lost) ? extras?.local ?? .unnamedUnix : engine.localAddress(self)
    }
}
