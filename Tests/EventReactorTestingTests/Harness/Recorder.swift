import EventReactorTesting

/// A protocol that records its callbacks and runs the closures of a test in them.
final class Recorder: Protocol {
    private(set) var calls: [String] = []
    private(set) var pieces: [[UInt8]] = []
    private(set) var reason: ConnectionLostReason?
    var closesWithPeer = true

    var onMade: (Recorder) throws -> Void = { _ in }
    var onData: (Recorder, [UInt8]) throws -> Void = { _, _ in }
    var onResume: (Recorder) -> Void = { _ in }
    var onLost: (Recorder) -> Void = { _ in }

    var received: [UInt8] { pieces.flatMap { $0 } }
    var text: String { String(decoding: received, as: UTF8.self) }

    /// The errno of a loss.
    var code: Int32? { if case .lost(let code) = reason { code } else { nil } }
    /// The error that a callback threw, or the limit that was passed.
    var failure: (any Error)? { if case .failed(let error) = reason { error } else { nil } }
    var isDone: Bool { reason?.isClean ?? false }

    override func connectionMade() throws {
        calls.append("made")
        try onMade(self)
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        calls.append("data")
        pieces.append([UInt8](data))
        try onData(self, [UInt8](data))
    }

    override func readConnectionLost() {
        calls.append("readLost")
        if closesWithPeer { super.readConnectionLost() }
    }

    override func writeConnectionLost() { calls.append("writeLost") }

    override func pauseWriting() { calls.append("pause") }

    override func resumeWriting() {
        calls.append("resume")
        onResume(self)
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        calls.append("lost")
        self.reason = reason
        onLost(self)
    }
}
