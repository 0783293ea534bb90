import EventReactorTLS
import EventReactorTesting

/// A protocol that records its callbacks.
final class Recorder: Protocol {
    private(set) var calls: [String] = []
    private(set) var received: [UInt8] = []
    private(set) var reason: ConnectionLostReason?
    /// The connection's TLS when it was made.
    private(set) var info: TLSInfo?
    var onMade: (Recorder) -> Void = { _ in }
    var onData: (Recorder, [UInt8]) throws -> Void = { _, _ in }
    var onReadLost: (Recorder) -> Void = { $0.transport.loseConnection() }
    var onLost: (Recorder) -> Void = { _ in }

    /// Sends back what arrives.
    static func echo() -> Recorder {
        let recorder = Recorder()
        recorder.onData = { $0.transport.write($1) }
        return recorder
    }

    var text: String { String(decoding: received, as: UTF8.self) }
    var isMade: Bool { calls.contains("made") }

    /// The error of TLS that ended the connection.
    var tlsError: TLSError? {
        if case .failed(let error)? = reason { error as? TLSError } else { nil }
    }

    override func connectionMade() {
        calls.append("made")
        info = transport.tls
        onMade(self)
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        calls.append("data")
        let bytes = [UInt8](data)
        received += bytes
        try onData(self, bytes)
    }

    override func readConnectionLost() {
        calls.append("readLost")
        onReadLost(self)
    }

    override func writeConnectionLost() { calls.append("writeLost") }
    override func pauseWriting() { calls.append("pause") }
    override func resumeWriting() { calls.append("resume") }

    override func connectionLost(_ reason: ConnectionLostReason) {
        calls.append("lost")
        self.reason = reason
        onLost(self)
        onMade = { _ in }
        onData = { _, _ in }
        onReadLost = { _ in }
        onLost = { _ in }
    }
}
