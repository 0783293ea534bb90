import COpenSSL
import EventReactorCore

/// TLS between a connection and the protocol of the program.
///
/// To the connection below, which has the socket, it is the protocol: it gets ciphertext, and writes ciphertext. Above
/// it is a connection with the contract's state machine, whose engine passes on to it what is to be sent. OpenSSL's
/// object is made with the first byte of a server's connection, so that a silent one costs none.
@safe
final class TLSLayer: Protocol, StreamLayer {
    enum Phase {
        case handshaking, open, ended
    }

    var phase = Phase.handshaking
    var upper: StreamConnection?
    /// Nil before the first byte, and after the loss.
    var ssl: OpaquePointer?
    /// Until the handshake is complete; a client's until the loss.
    var handshake: TLSHandshake?
    unowned(unsafe) var lowerReference: StreamConnection?
    unowned(unsafe) var runtimeReference: TLSRuntime?
    /// Ciphertext that arrived and may not be read yet; reading below is paused while there is any.
    var unread: [UInt8]?
    var marks: Marks = []

    struct Marks: OptionSet {
        let rawValue: UInt8
        /// `close_notify` has been sent.
        static let sentCloseNotify = Marks(rawValue: 1)
        /// The peer's has come.
        static let gotCloseNotify = Marks(rawValue: 2)
        /// A call is scheduled that reads on.
        static let readsSoon = Marks(rawValue: 4)
        /// A call is scheduled that reports room.
        static let reportsRoomSoon = Marks(rawValue: 8)
        /// It waits for a slot, or has one.
        static let waitsForSlot = Marks(rawValue: 16)
        static let hasSlot = Marks(rawValue: 32)
        /// The peer's records could not be read: nothing more is sent.
        static let failed = Marks(rawValue: 64)
        /// Something was sent after the peer's `close_notify`.
        static let sentAfterEnd = Marks(rawValue: 128)
    }

    /// The records that one turn reads at most, so that tiny ones do not starve other connections: at 2 us each a
    /// millisecond.
    static let recordsPerTurn = 512
    /// The headers of records that may come without plaintext: more than any handshake's messages after the first.
    static let headersWithoutData = 32
    /// The headers that one piece of a handshake may have: those of the longest chain, in the smallest records.
    static let headersOfHandshake = 512
    /// Maximum of plaintext that is encrypted before it is sent: 64 KiB are as good as more.
    static let bytesPerSend = 64 * 1024
    /// How long the alert of a failure may take.
    static let alertDeadline: Duration = .seconds(5)

    init(_ handshake: TLSHandshake) {
        self.handshake = handshake
    }

    deinit {
        if let ssl = unsafe ssl { unsafe SSL_free(ssl) }
    }

    /// The layer of an object of OpenSSL's, which has it as its data.
    static func of(_ ssl: OpaquePointer?) -> TLSLayer? {
        guard let data = unsafe SSL_get_ex_data(ssl, 0) else { return nil }
        return unsafe Unmanaged<TLSLayer>.fromOpaque(data).takeUnretainedValue()
    }

    // Both are there from the beginning to the loss.
    var lower: StreamConnection { unsafe lowerReference.unsafelyUnwrapped }
    var runtime: TLSRuntime { unsafe runtimeReference.unsafelyUnwrapped }
    var buffers: RecordBuffers { runtime.buffers }

    // MARK: Called by the connection below

    override func connectionMade() throws {
        guard let lower = transport as? StreamConnection, lower.below == nil else {
            throw TLSError.unsupportedTransport
        }
        begin(over: lower)
        lower.carryLayer(runtime.engine)
        startHandshake()
    }

    override func dataReceived(_ data: Span<UInt8>) {
        lower.discountDelivery(of: data.count)
        unsafe data.withUnsafeBytes { bytes in
            // Taken out to grow: changing it in its place would have each call check for exclusive access.
            guard var kept = unread else { return unsafe read(bytes) }
            unread = nil
            unsafe kept.append(contentsOf: bytes)
            unread = kept
        }
    }

    override func readConnectionLost() {
        guard phase != .ended, !marks.contains(.gotCloseNotify) else { return }
        guard phase == .open, let upper else { return fail(.closedInHandshake) }
        // What we close ourselves needs no word of the peer's.
        guard !upper.isClosing else { return }
        runtime.metrics.failures.count(.truncated)
        lower.setFailureForLayer(TLSError.truncated)
        upper.loseConnection()
    }

    override func pauseWriting() {
        upper?.layerBelowChanged(hasRoom: false)
    }

    override func resumeWriting() {
        upper?.layerBelowChanged(hasRoom: true)
        reportRoomIfWanted()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        // There is none if TLS could not begin on this transport.
        if let lower = unsafe lowerReference, lower.isBroken { deliverUnread() }
        let reason = isDone(reason) ? .done : reason
        giveSlot()
        phase = .ended
        unread = nil
        let upper = self.upper
        self.upper = nil
        let handshake = self.handshake
        self.handshake = nil
        if let upper { upper.layerBelowLost(reason) }
        handshake?.end(reason, of: transport)
        if let ssl = unsafe ssl { unsafe SSL_free(ssl) }
        unsafe ssl = nil
    }

    /// Whether a reset is the answer to our `close_notify` alone: the peer had said its own, and need not wait for ours
    /// (RFC 8446, section 6.1).
    private func isDone(_ reason: ConnectionLostReason) -> Bool {
        guard case .lost = reason else { return false }
        return marks.isSuperset(of: [.gotCloseNotify, .sentCloseNotify]) && marks.isDisjoint(with: .sentAfterEnd)
    }

    // MARK: Failing

    /// TLS has failed: the alert goes out, then the connection ends with the error as its reason.
    func fail(_ error: TLSError) {
        guard phase != .ended else { return }
        let wasHandshaking = phase == .handshaking
        phase = .ended
        unread = nil
        runtime.metrics.failed(error, inHandshake: wasHandshaking)
        giveSlot()
        upper?.layerFailed(error)
        lower.endForLayer(because: error, within: TLSLayer.alertDeadline)
    }

    /// The error that OpenSSL reports, in terms of the library.
    func ended(_ failure: OpenSSLFailure?) -> TLSError {
        defer { buffers.alertSent = nil }
        if buffers.takeFlood() { return .tooManyEmptyRecords }
        return unsafe TLSError(
            failure, ssl, alertSent: buffers.alertSent, inHandshake: phase == .handshaking,
            name: { if case .client(_, let name, _)? = handshake?.role { name?.text } else { nil } })
    }
}
