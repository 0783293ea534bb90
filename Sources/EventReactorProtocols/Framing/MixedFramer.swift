/// Divides by a framing that may change at each frame; see ``FramedProtocol``.
public struct MixedFramer: Framer, Sendable {
    /// The framing, which holds from the next byte on.
    public var framing: Framing {
        didSet { isEmptyFrameDue = framing.isEmpty }
    }
    /// A frame of no bytes was asked for and has not been delivered.
    var isEmptyFrameDue: Bool
    /// The last answer was a part, and not a frame.
    private(set) var isPart = false
    /// The bytes behind that part; nil if it has no end.
    private(set) var remaining: Int?

    /// Begins with a framing.
    public init(_ framing: Framing) {
        self.framing = framing
        isEmptyFrameDue = framing.isEmpty
    }

    /// Finds the first frame, or part.
    public mutating func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
        isPart = false
        if isEmptyFrameDue { return takeEmptyFrame() }
        switch framing.kind {
        case .lines: return try framing.lines.next(in: bytes, scanned: scanned)
        case .prefixed(let framer): return try framer.next(in: bytes, scanned: scanned)
        case .netstrings(let framer): return try framer.next(in: bytes, scanned: scanned)
        case .bytes(let count):
            guard count > 0 else { throw MixedFramer.unset }
            return bytes.count < count
                ? .needMore(scanned: 0, missing: count - bytes.count) : .frame(0..<count, consumed: count)
        case .parts(let count):
            guard count > 0 else { throw MixedFramer.unset }
            let taken = min(count, bytes.count)
            framing = .parts(of: count - taken)
            isEmptyFrameDue = false
            isPart = true
            remaining = count - taken
            return .frame(0..<taken, consumed: taken)
        case .raw:
            isPart = true
            remaining = nil
            return .frame(0..<bytes.count, consumed: bytes.count)
        }
    }

    /// The frame of no bytes that is due.
    mutating func takeEmptyFrame() -> FrameStep {
        isEmptyFrameDue = false
        isPart = framing.kind == .parts(0)
        remaining = 0
        return .frame(0..<0, consumed: 0)
    }

    private static var unset: FramingError { .malformed("bytes arrived behind the last that the framing allows") }
}
