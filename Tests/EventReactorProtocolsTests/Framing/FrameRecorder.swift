import EventReactorCore
import EventReactorProtocols

/// The frames that a receiver was called with, and what a test does then.
final class FrameRecorder {
    private(set) var frames: [[UInt8]] = []
    var onFrame: (Protocol, [UInt8]) throws -> Void = { _, _ in }
    var rejection: FramingError?
    var cut: [UInt8]?
    var reason: ConnectionLostReason?

    var texts: [String] { frames.map { String(decoding: $0, as: UTF8.self) } }

    func record(_ frame: Span<UInt8>, of receiver: Protocol) throws {
        let copy = [UInt8](frame)
        frames.append(copy)
        try onFrame(receiver, copy)
    }

    /// The framing error that ended the connection.
    var error: FramingError? {
        if case .failed(let error)? = reason { error as? FramingError } else { nil }
    }
}

extension Recording {
    /// Keeps all that arrives.
    final class Collector: Protocol {
        private var received: [UInt8] = []
        private(set) var isLost = false
        var text: String { String(decoding: received, as: UTF8.self) }
        override func dataReceived(_ data: Span<UInt8>) { received.append(contentsOf: data) }
        override func connectionLost(_ reason: ConnectionLostReason) { isLost = true }
    }

    /// Sends messages, and closes.
    final class Sender: Protocol {
        private let messages: [[UInt8]]
        init(_ messages: [[UInt8]]) { self.messages = messages }
        init(_ text: String) { messages = [Array(text.utf8)] }

        override func connectionMade() {
            for message in messages { transport.write(message) }
            transport.loseConnection()
        }
    }
}

/// The receivers of the module, which report to a recorder.
enum Recording {
    final class Lines: LineReceiver {
        let recorder: FrameRecorder
        init(_ recorder: FrameRecorder, _ delimiter: LineDelimiter = .crlf, limit: Int = 16_384) {
            self.recorder = recorder
            super.init(delimiter: delimiter, limit: limit)
        }
        override func lineReceived(_ line: Span<UInt8>) throws { try recorder.record(line, of: self) }
        override func rawDataReceived(_ data: Span<UInt8>) throws { try recorder.record(data, of: self) }
        override func connectionLost(_ reason: ConnectionLostReason) { recorder.reason = reason }
    }

    final class Delimited: DelimiterReceiver {
        let recorder: FrameRecorder
        init(_ recorder: FrameRecorder, _ delimiter: [UInt8], limit: Int = 65_536) {
            self.recorder = recorder
            super.init(delimiter: delimiter, limit: limit)
        }
        override func frameReceived(_ frame: Span<UInt8>) throws { try recorder.record(frame, of: self) }
        override func connectionLost(_ reason: ConnectionLostReason) { recorder.reason = reason }
    }

    final class Prefixed: LengthPrefixedReceiver {
        let recorder: FrameRecorder
        init(_ recorder: FrameRecorder, _ prefix: LengthPrefix, limit: Int = 1 << 20) {
            self.recorder = recorder
            super.init(prefix: prefix, limit: limit)
        }
        override func frameReceived(_ frame: Span<UInt8>) throws { try recorder.record(frame, of: self) }
        override func connectionLost(_ reason: ConnectionLostReason) { recorder.reason = reason }
    }

    final class Netstrings: NetstringReceiver {
        let recorder: FrameRecorder
        init(_ recorder: FrameRecorder, limit: Int = 99_999) {
            self.recorder = recorder
            super.init(limit: limit)
        }
        override func frameReceived(_ frame: Span<UInt8>) throws { try recorder.record(frame, of: self) }
        override func connectionLost(_ reason: ConnectionLostReason) { recorder.reason = reason }
    }

    final class Mixed: FramedProtocol {
        let recorder: FrameRecorder
        /// The bytes behind each part; -1 for raw ones.
        var remaining: [Int] = []
        init(_ recorder: FrameRecorder, _ framing: Framing) {
            self.recorder = recorder
            super.init(framing)
        }
        override func frameReceived(_ frame: Span<UInt8>) throws { try recorder.record(frame, of: self) }
        override func partReceived(_ part: Span<UInt8>, remaining: Int?) throws {
            self.remaining.append(remaining ?? -1)
            try recorder.record(part, of: self)
        }
        override func connectionLost(_ reason: ConnectionLostReason) { recorder.reason = reason }
    }
}
