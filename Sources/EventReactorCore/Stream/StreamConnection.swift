#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One stream connection of any reactor: the contract's state machine, the same over every engine.
///
/// Everything happens on the reactor's thread. A protocol's calls only change the state and gather bytes. What follows
/// from them is done in ``processPendingState()`` when the protocol's callback has returned, or at the end of the turn if
/// the call came from elsewhere: so no callback ever comes inside a call.
@safe
package final class StreamConnection {
    // The data path uses these several times a message, and the check at run time that no two accesses to a property
    // overlap would cost more than everything else there. None can: there is one thread, and each access is one load or store.

    @exclusivity(unchecked) private var uncheckedState: State = []
    package var state: State {
        get { unsafe uncheckedState }
        set { unsafe uncheckedState = newValue }
    }

    package let descriptor: Int32

    @exclusivity(unchecked) private var uncheckedProtocol: Unmanaged<Protocol>?
    /// The protocol, retained from the start to the loss.
    var retainedProtocol: Unmanaged<Protocol>? {
        get { unsafe uncheckedProtocol }
        set { unsafe uncheckedProtocol = newValue }
    }

    @exclusivity(unchecked) private var uncheckedGathered: Chunk?
    /// The bytes written in this callback that are not sent yet.
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

    /// The engine's own: its registration of the descriptor.
    package var handle: OpaquePointer?
    /// The send queue; nil while nothing waits.
    package var queue: SendQueue?
    @exclusivity(unchecked) private(set) var uncheckedAttachment: Unmanaged<AnyObject>?
    /// The extras, or the timeouts, which have a field for them; few connections have either.
    var attachment: AnyObject? {
        get { unsafe uncheckedAttachment?.takeUnretainedValue() }
        set {
            let last = unsafe uncheckedAttachment
            unsafe uncheckedAttachment = newValue.map { unsafe .passRetained($0) }
            unsafe last?.release()
        }
    }
    let peer: SocketAddress
    /// The index in the reactor's table.
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
        // Only a connection that was never started still retains its protocol here.
        if let held = unsafe retainedProtocol { unsafe held.release() }
        unsafe uncheckedSettings.release()
        unsafe uncheckedAttachment?.release()
    }

    /// The reactor, which outlives the connection until its loss.
    package var reactor: ReactorBase {
        unsafe uncheckedSettings._withUnsafeGuaranteedRef { unsafe $0.owner.takeUnretainedValue() }
    }

    /// The engine, which the settings retain.
    package var engine: any StreamEngine { unsafe uncheckedSettings._withUnsafeGuaranteedRef { $0.engine } }

    /// Updates the counters of the data path, without the cost of retaining the reactor.
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

    /// The reactor's buffer for receiving, without the cost of retaining the reactor.
    ///
    /// Its caller has bytes to receive: the work of the turn has begun.
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

    /// The reactor's chunks, without the cost of retaining the reactor.
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
        if state.isDisjoint(with: [.readEnded, .lost, .readPaused, .readRateLimited]) { return true }
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
        state.begin(.lost)
        extras?.rateLimit?.end()
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
        // Only now: most connections are closed by that, and need not be watched in another way before.
        if !state.contains(.lost) { updateReadInterest() }
    }

    /// Whether bytes are wanted may have changed: the engine is to watch the descriptor accordingly.
    ///
    /// A pause alone changes nothing yet: most end before anything has come.
    func updateReadInterest() {
        if wantsReading || takesBySplice {
            state.remove(.parked)
        } else if state.contains(.readEnded) {
            state.insert(.parked)
        }
        engine.interestChanged(self)
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
        state.begin(.broken)
        brokenCode = code
        setWantsRoom(false)
        if !state.contains(.inCallback) { scheduleFlush() }
    }

    // MARK: Addresses

    package var peerAddress: SocketAddress { peer }

    package var localAddress: SocketAddress {
        state.contains(.lost) ? extras?.local ?? .unnamedUnix : engine.localAddress(self)
    }
}
