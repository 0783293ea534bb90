import EventReactorCore
import EventReactorProtocols
import EventReactorTesting

/// Bytes in two ways, whole and in pieces, have to give the same frames and the same error.
enum FramingTargets {
    static let all: [String: FuzzTarget] = [
        "lines": compare { Lines($0, .crlf) },
        "newlines": compare { Lines($0, .newline) },
        "delimited": compare { Delimited($0) },
        "prefixed": compare { Prefixed($0, .uint16) },
        "varints": compare { Prefixed($0, .varint) },
        "netstrings": compare { Netstrings($0) },
        "mixed": compare { Mixed($0) },
    ]

    static let limit = 40
    /// Making one for each connection would take most of the time.
    nonisolated(unsafe) private static let reactor = SimulatedReactor(seed: 0)

    /// The frames that a receiver was called with.
    final class Record {
        var frames: [[UInt8]] = []
        var error: FramingError?
        /// Bytes of parts, whose division depends on that of the pieces.
        var parts: [UInt8] = []

        func add(_ frame: Span<UInt8>) {
            precondition(frame.count <= limit, "a frame beyond the limit")
            frames.append([UInt8](frame))
        }

        /// One that is too long may be noticed at different lengths.
        var outcome: String {
            switch error {
            case .tooLong: "too long"
            case .endInFrame(let count): "end in frame \(count)"
            case let error: "\(String(describing: error))"
            }
        }

        func lost(_ reason: ConnectionLostReason) {
            if case .failed(let error) = reason { self.error = error as? FramingError }
        }
    }

    /// The first bytes of the input are the sizes of the pieces, the rest is what arrives.
    private static func compare(_ make: @escaping @Sendable (Record) -> Protocol) -> FuzzTarget {
        { input in
            guard let sizeCount = input.first.map({ Int($0 % 16) }), input.count > sizeCount else { return }
            let sizes = input[1..<1 + sizeCount].map { Int($0 % 32) + 1 }
            let bytes = [UInt8](input[(1 + sizeCount)...])
            let whole = run(make, bytes, [])
            for pieces in [sizes, Array(repeating: 1, count: bytes.count)] {
                let other = run(make, bytes, pieces)
                precondition(other.frames == whole.frames, "other frames in other pieces")
                precondition(other.parts == whole.parts, "other parts in other pieces")
                precondition(other.outcome == whole.outcome, "\(other.outcome) in pieces, \(whole.outcome) whole")
            }
        }
    }

    private static func run(_ make: (Record) -> Protocol, _ bytes: [UInt8], _ pieces: [Int]) -> Record {
        let record = Record()
        let transport = TestTransport(for: make(record), on: reactor)
        transport.receive(bytes, splitInto: pieces)
        transport.receiveEnd()
        precondition(transport.isClosed, "the end was not handled")
        return record
    }

    private final class Lines: LineReceiver {
        let record: Record
        init(_ record: Record, _ delimiter: LineDelimiter) {
            self.record = record
            super.init(delimiter: delimiter, limit: limit)
        }
        override func lineReceived(_ line: Span<UInt8>) { record.add(line) }
        override func connectionLost(_ reason: ConnectionLostReason) { record.lost(reason) }
    }

    private final class Delimited: DelimiterReceiver {
        let record: Record
        init(_ record: Record) {
            self.record = record
            super.init(delimiter: Array("aab".utf8), limit: limit)
        }
        override func frameReceived(_ frame: Span<UInt8>) { record.add(frame) }
        override func connectionLost(_ reason: ConnectionLostReason) { record.lost(reason) }
    }

    private final class Prefixed: LengthPrefixedReceiver {
        let record: Record
        init(_ record: Record, _ prefix: LengthPrefix) {
            self.record = record
            super.init(prefix: prefix, limit: limit)
        }
        override func frameReceived(_ frame: Span<UInt8>) { record.add(frame) }
        override func connectionLost(_ reason: ConnectionLostReason) { record.lost(reason) }
    }

    private final class Netstrings: NetstringReceiver {
        let record: Record
        init(_ record: Record) {
            self.record = record
            super.init(limit: limit)
        }
        override func frameReceived(_ frame: Span<UInt8>) { record.add(frame) }
        override func connectionLost(_ reason: ConnectionLostReason) { record.lost(reason) }
    }

    /// The first byte of each frame says how the next one is written; some pause, and are resumed at once.
    private final class Mixed: FramedProtocol {
        let record: Record
        init(_ record: Record) {
            self.record = record
            super.init(.line(.lf, limit: limit))
        }

        override func frameReceived(_ frame: Span<UInt8>) {
            record.add(frame)
            guard !frame.isEmpty else { return framing = .line(.lf, limit: limit) }
            switch frame[0] % 9 {
            case 0: framing = .bytes(frame.count % 8)
            case 1: framing = .parts(of: frame.count)
            case 2: framing = .netstring(limit: limit)
            case 3: framing = .lengthPrefixed(.varint, limit: limit)
            case 4: framing = .lengthPrefixed(.uint16LittleEndian, limit: limit)
            case 5: framing = .until([0, 1], limit: limit)
            case 6:
                transport.pauseReading()
                transport.resumeReading()
            case 7: framing = .line(.crlf, limit: limit)
            default: framing = .line(.newline, limit: limit)
            }
        }

        override func partReceived(_ part: Span<UInt8>, remaining: Int?) {
            record.parts.append(contentsOf: part)
            if remaining == 0 { framing = .line(.lf, limit: limit) }
        }

        override func connectionLost(_ reason: ConnectionLostReason) { record.lost(reason) }
    }
}
