import EventReactor
import Testing

/// A protocol that records its callbacks and runs the closures of a test in them.
final class Recorder: Protocol {
    /// The callbacks so far, in order: "made", "data", "readLost", "writeLost", "pause", "resume", "lost".
    private(set) var calls: [String] = []
    /// All bytes that arrived.
    private(set) var received: [UInt8] = []
    private(set) var reason: ConnectionLostReason?

    let name: String
    /// Whether the end of the peer's side closes this one too, which is the default of protocols.
    var closesWithPeer = true

    var onMade: (Recorder) throws -> Void = { _ in }
    var onData: (Recorder, [UInt8]) throws -> Void = { _, _ in }
    var onReadLost: (Recorder) -> Void = { _ in }
    var onWriteLost: (Recorder) -> Void = { _ in }
    var onPause: (Recorder) -> Void = { _ in }
    var onResume: (Recorder) -> Void = { _ in }
    var onLost: (Recorder, ConnectionLostReason) -> Void = { _, _ in }

    /// Set while a callback runs: no other may begin then.
    private var isInside = false

    init(_ name: String = "protocol") {
        self.name = name
    }

    var text: String { String(decoding: received, as: UTF8.self) }

    /// Runs calls to the transport, and checks that none of them calls back.
    func withoutCallbacks(_ body: (any Transport) -> Void) {
        let before = calls.count
        body(transport)
        #expect(calls.count == before, "a call to the transport called back into \(name)")
    }

    private func record(_ call: String, _ body: () throws -> Void) rethrows {
        #expect(!isInside, "\(call) came inside another callback of \(name)")
        #expect(reason == nil || call == "lost", "\(call) came after the loss of \(name)")
        isInside = true
        defer { isInside = false }
        calls.append(call)
        try body()
    }

    override func connectionMade() throws {
        try record("made") { try onMade(self) }
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        let bytes = [UInt8](data)
        #expect(!bytes.isEmpty, "dataReceived with nothing")
        received += bytes
        try record("data") { try onData(self, bytes) }
    }

    override func readConnectionLost() {
        record("readLost") {
            onReadLost(self)
            if closesWithPeer { super.readConnectionLost() }
        }
    }

    override func writeConnectionLost() {
        record("writeLost") { onWriteLost(self) }
    }

    override func pauseWriting() {
        record("pause") { onPause(self) }
    }

    override func resumeWriting() {
        record("resume") { onResume(self) }
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        #expect(self.reason == nil, "connectionLost came twice to \(name)")
        self.reason = reason
        record("lost") { onLost(self, reason) }
        forget()
    }

    /// Releases the test's closures, most of which retain this protocol.
    func forget() {
        onMade = { _ in }
        onData = { _, _ in }
        onReadLost = { _ in }
        onWriteLost = { _ in }
        onPause = { _ in }
        onResume = { _ in }
        onLost = { _, _ in }
    }
}

extension ConnectionLostReason {
    var isDone: Bool { isClean }
    var isAborted: Bool { if case .aborted = self { true } else { false } }
    var isTimedOut: Bool { if case .timedOut = self { true } else { false } }
    var isReactorStopped: Bool { if case .reactorStopped = self { true } else { false } }
    var lostCode: Int32? { if case .lost(let code) = self { code } else { nil } }
    var failure: (any Error)? { if case .failed(let error) = self { error } else { nil } }
}
