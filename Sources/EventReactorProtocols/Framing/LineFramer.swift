import EventReactorCore

/// Lines that end with a delimiter, which is not part of them.
public struct LineFramer: Framer, Hashable, Sendable {
    /// The end of each line.
    public let delimiter: LineDelimiter
    /// The most bytes that a line may have, without the delimiter.
    public let limit: Int
    /// Whether bytes are passed on as they arrive, and not as lines.
    public var isRaw = false
    /// Named by errors.
    let setting: FrameLimit
    private let last: UInt8
    private let length: UInt8

    /// Divides by a delimiter.
    ///
    /// - Parameters:
    ///   - delimiter: what ends a line.
    ///   - limit: the most bytes of a line, without the delimiter; less than 0 counts as 0.
    public init(delimiter: LineDelimiter = .crlf, limit: Int = 16_384) {
        self.init(delimiter, limit, setting: .lineFramer)
    }

    init(_ delimiter: LineDelimiter, _ limit: Int, setting: FrameLimit) {
        self.delimiter = delimiter
        self.limit = min(max(limit, 0), Int.max - delimiter.bytes.count)
        self.setting = setting
        last = delimiter.bytes.last ?? 10
        length = UInt8(clamping: delimiter.bytes.count)
    }

    /// Finds the end of the first line.
    ///
    /// - Complexity: O(n) in the bytes that are new: the delimiter's last byte is searched for by `memchr`, and the others
    ///   are compared with what is before it.
    @inline(__always)
    public func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
        if isRaw { return .frame(0..<bytes.count, consumed: bytes.count) }
        var start = scanned
        while let found = bytes.firstIndex(of: last, from: start) {
            if let end = contentEnd(in: bytes, lastAt: found) {
                guard end <= limit else { throw tooLong(end) }
                return .frame(0..<end, consumed: found + 1)
            }
            start = found + 1
        }
        // A part of the delimiter may be at the end.
        guard bytes.count < limit + delimiter.bytes.count else { throw tooLong(bytes.count) }
        return .needMore(scanned: bytes.count, missing: 1)
    }

    /// Where the content ends if a delimiter does at an index.
    @inline(__always)
    private func contentEnd(in bytes: Span<UInt8>, lastAt found: Int) -> Int? {
        switch length {
        case 1: return found
        case 2:
            if found > 0, bytes[found - 1] == delimiter.bytes[0] { return found - 1 }
            return delimiter.acceptsBareNewline ? found : nil
        default:
            let end = found + 1 - delimiter.bytes.count
            guard end >= 0, bytes.extracting(end..<found + 1) == delimiter.bytes else { return nil }
            return end
        }
    }

    @inline(never)
    private func tooLong(_ byteCount: Int) -> FramingError {
        .tooLong(byteCount: byteCount, limit: limit, setting: setting.rawValue)
    }

    /// Checks that a line to be sent would be received as one.
    func check(_ line: Span<UInt8>) throws(FramingError) {
        if delimiter.acceptsBareNewline, line.firstIndex(of: 10) != nil { throw .containsDelimiter }
        if line.firstRange(of: delimiter.bytes) != nil { throw .containsDelimiter }
    }
}
