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
    // Stored properties are not public to the package, but reached by accessors: so the compiler sees every access, proves
    // that none overlap, and leaves the check at run time away. With the checks a message on bufferevents takes 2,000 more
    // instructions of 7,200 (callgrind).

    private var storedState: State = []
    package var state: State {
        get { storedState }
        set { storedState = newValue }
    }

    package let descriptor: Int32

    /// The protocol, retained from the start to the loss.
    var retainedProtocol: Unmanaged<Protocol>?

    /// The bytes written in this callback that are not sent yet.
    var gathered: Chunk?

    private(set) var storedSettings: Unmanaged<StreamSettings>
    package internal(set) var settings: StreamSettings {
        get { unsafe storedSettings.takeUnretainedValue() }
        set {
            let last = unsafe storedSettings
            unsafe storedSettings = .passRetained(newValue)
            unsafe last.release()
        }
    }

    /// The engine's own: its registration of the descriptor.
    package var handle: OpaquePointer? {
        get { unsafe storedHandle }
        set { unsafe storedHandle = newValue }
    }
    private var storedHandle: OpaquePointer?
    /// The send queue; nil while nothing waits.
    package var queue: SendQueue? {
        get { storedQueue }
        set { storedQueue = newValue }
    }
    private var storedQueue: SendQueue?
    private(set) var storedAttachment: Unmanaged<AnyObject>?
    /// The extras, or the timeouts, which have a field for them; few connections have either.
    var attachment: AnyObject? {
        get { unsafe storedAttachment?.takeUnretainedValue() }
        set {
            let last = unsafe storedAttachment
            unsafe storedAttachment = newValue.map { unsafe .passRetained($0) }
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
        unsafe storedSettings = .passRetained(settings)
        unsafe retainedProtocol = .passRetained(`protocol`)
    }

    deinit {
        // Only a connection that was never started still retains its protocol here.
        if let held = unsafe retainedProtocol { unsafe held.release() }
        unsafe storedSettings.release()
        unsafe storedAttachment?.release()
    }

    /// The reactor, which outlives the connection until its loss.
    package var reactor: ReactorBase {
        unsafe storedSettings._withUnsafeGuaranteedRef { unsafe $0.owner.takeUnretainedValue() }
    }

    /// The engine, which the settings retain.
    package var engine: any StreamEngine { unsafe storedSettings._withUnsafeGuaranteedRef { $0.engine } }

    /// Updates the counters of the data path, without the cost of retaining the reactor.
    @inline(__always)
    func count(_ body: (inout TrafficCounts) -> Void) {
        unsafe storedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { body(&$0.uncheckedTraffic) }
        }
    }

    /// The work of the reactor's turn has begun with this connection, if it had not before.
    package func beginWork() {
        unsafe storedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { $0.beginWork() }
        }
    }

    /// The reactor's buffer for receiving, without the cost of retaining the reactor.
    ///
    /// Its caller has bytes to receive: the work of the turn has begun.
    @inline(__always)
    package var receiveBuffer: UnsafeMutableRawBufferPointer {
        unsafe storedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { reactor in
                if reactor.uncheckedTraffic.workBegan == TrafficCounts.waiting {
                    return unsafe ReactorBase.receiveBufferAsWorkBegins(reactor)
                }
                return unsafe reactor.receiveBuffer
            }
        }
    }

    /// The reactor's chunks, without the cost of retaining the reactor.
    @inline(__always)
    func withChunks<Result>(_ body: (ChunkPool) -> Result) -> Result {
        unsafe storedSettings._withUnsafeGuaranteedRef { settings in
            unsafe settings.owner._withUnsafeGuaranteedRef { body($0.chunks) }
        }
    }

    /// Makes the connection: `connectionMade` is called, and bytes arrive from the next turn on.
    ///
    /// - Parameters:
    ///   - origin: what made it.
    ///   - failed: called in place of everything else if interest cannot be registered, or if its protocol serves
    ///     another one; unless given, the reactor reports it.
    package func start(as origin: ReactorMetrics.Origin = .other, failed: ((SystemError) -> Void)? = nil) {
        reactor.register(self)
        if unsafe retainedProtocol?._withUnsafeGuaranteedRef({ $0.wasConnected }) == true {
            let error = reactor.reportReusedProtocol(peer: peer)
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
        runConnectionMade()
        leave()
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

    /// Ends the connection after a reset or a network error.
    package func broke(_ code: Int32) {
        // The kernel's word for a reset behind the peer's end: all that the peer sent has arrived.
        if code == EPIPE { return sendFailed(code) }
        finish(.lost(code), reset: true)
    }

    /// Sending failed.
    ///
    /// What arrived before the peer went is delivered first.
    @inline(never)
    package func sendFailed(_ code: Int32) {
        guard state.isDisjoint(with: [.broken, .lost]) else { return }
        state.begin(.broken)
        brokenCode = code
        setWantsRoom(false)
        if !state.contains(.inCallback) { scheduleFlush() }
    }
}
