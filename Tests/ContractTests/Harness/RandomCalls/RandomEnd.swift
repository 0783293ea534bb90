import EventReactor
import TestSupport

/// One end of a connection that makes random calls from each of its callbacks, and checks each callback.
final class RandomEnd: Protocol {
    struct Oops: Error {}

    let name: String
    unowned let scene: RandomScene
    /// The stream that this end writes, and the one that its peer writes.
    let outgoing: ByteStream
    let incoming: ByteStream
    var arrived = ByteStream.Cursor()
    var random: Numbers

    // Callbacks so far.
    private(set) var isMade = false
    private(set) var reason: ConnectionLostReason?
    /// The peer's end arrived in order: at this protocol, or at a relay that received its bytes.
    var sawEnd = false
    private var sawWriteEnd = false
    private var isWritePaused = false
    private var isInside = false
    /// The connect failed, and nothing is called.
    private(set) var hasFailed = false
    // Calls on the transport so far.
    var isReadPaused = false
    /// `loseConnection` or `abortConnection` was called: nothing may arrive any more.
    var isLeaving = false
    var hasLost = false
    var hasAborted = false
    var endsWriting = false
    var hasThrown = false
    var hasLimit = false
    var hasTimeouts = false
    var hasRelayed = false
    var hasCutFile = false
    var pendingFiles = 0
    var pendingRelays = 0
    var failedFiles = 0
    /// The relay that receives here, or the last that did.
    var relay: RelayRecord?
    /// The random calls that it may still make, so that a run ends.
    var patience = 400

    init(_ name: String, _ scene: RandomScene, outgoing: ByteStream, incoming: ByteStream, seed: UInt64) {
        self.name = name
        self.scene = scene
        self.outgoing = outgoing
        self.incoming = incoming
        random = Numbers(seed: seed)
    }

    /// Whether this end caused its own loss.
    var endedItself: Bool {
        hasLost || hasAborted || reason?.isTimedOut == true || reason?.failure != nil
            || reason?.isReactorStopped == true
    }

    /// After a relay has received bytes, the next ones of the stream are expected.
    func passRelay() {
        guard let relay, relay.isClosed, !relay.isPassed else { return }
        relay.isPassed = true
        if !arrived.skip(relay.count, in: incoming) { complain("a relay took bytes that were never written") }
    }

    func complain(_ text: String) {
        scene.complain("\(name): \(text)")
    }

    /// Whether no more callbacks are due.
    var isOver: Bool { reason != nil || hasFailed }

    /// The connect failed: the system reports that too if the accepted end reset the connection at once.
    func connectFailed(_ error: ConnectError, _ peer: RandomEnd) {
        scene.note("\(name) <- \(error)")
        hasFailed = true
        if isMade { complain("the connect of a connection failed") }
        if peer.reason == nil { complain("\(error)") }
    }

    // MARK: Callbacks

    /// Checks that a callback is allowed now, and runs its body.
    func enter(_ callback: String, _ body: () throws -> Void) rethrows {
        scene.note("\(name) <- \(callback)")
        scene.activity += 1
        if scene.isCalling { complain("\(callback) came inside a call") }
        if isInside { complain("\(callback) came inside another callback") }
        // A handshake that the peer breaks off ends with the loss alone.
        let isHandshake = scene.world.setting.transport.isSecured && callback.hasPrefix("lost")
        if !isMade && !isHandshake { complain("\(callback) came before connectionMade") }
        if reason != nil { complain("\(callback) came after connectionLost") }
        isInside = true
        defer { isInside = false }
        try body()
    }

    override func connectionMade() throws {
        if isMade { complain("connectionMade came twice") }
        isMade = true
        try enter("made") { try actThrowing(4) }
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        try enter("data \(data.count)") {
            passRelay()
            if data.isEmpty { complain("dataReceived with nothing") }
            if sawEnd { complain("dataReceived after the peer's end") }
            if isReadPaused { complain("dataReceived while paused") }
            if isLeaving { complain("dataReceived after the connection was closed") }
            if relay?.isClosed == false { complain("dataReceived while relaying") }
            if !arrived.verify([UInt8](data)[...], in: incoming) {
                complain("other bytes than \(incoming.name) has")
            }
            try actThrowing(random.roll(3))
        }
    }

    override func readConnectionLost() {
        enter("readLost") {
            passRelay()
            if sawEnd { complain("readConnectionLost came twice") }
            if relay?.isClosed == false { complain("readConnectionLost while relaying") }
            sawEnd = true
            if scene.isFinal || random.oneIn(3) { lose() } else { act(3) }
        }
    }

    override func writeConnectionLost() {
        enter("writeLost") {
            if sawWriteEnd { complain("writeConnectionLost came twice") }
            if !endsWriting { complain("writeConnectionLost without loseWriteConnection") }
            sawWriteEnd = true
            act(2)
        }
    }

    override func pauseWriting() {
        enter("pause") {
            if isWritePaused { complain("pauseWriting came twice") }
            isWritePaused = true
            act(1)
        }
    }

    override func resumeWriting() {
        enter("resume") {
            if !isWritePaused { complain("resumeWriting without pauseWriting") }
            isWritePaused = false
            act(3)
        }
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        enter("lost: \(reason)") {
            self.reason = reason
            passRelay()
            if !transport.isClosing { complain("a lost connection is not closing") }
            if transport.bufferedByteCount != 0 { complain("a lost connection has bytes") }
            if reason.isTimedOut != (transport.expiredTimeout != nil) { complain("no timeout, or one too many") }
            act(3)
        }
    }

    /// A closure of this end: a completion, or progress.
    func closure(_ what: String, _ body: () -> Void) {
        scene.note("\(name) <- \(what)")
        scene.activity += 1
        if scene.isCalling { complain("\(what) came inside a call") }
        if reason != nil { complain("\(what) came after connectionLost") }
        body()
    }
}
