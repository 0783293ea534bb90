/// Frames with their length in front of them.
public struct LengthPrefixedFramer: Framer, Hashable, Sendable {
    /// How the length is written.
    public let prefix: LengthPrefix
    /// The most bytes of a frame, without the length.
    public let limit: Int
    let setting: FrameLimit

    /// Divides by lengths.
    ///
    /// - Parameters:
    ///   - prefix: how a length is written; four bytes, the most significant first, unless given.
    ///   - limit: the most bytes of a frame, without the length; less than 0 counts as 0.
    public init(prefix: LengthPrefix = .uint32, limit: Int = 1 << 20) {
        self.init(prefix, limit, setting: .lengthPrefixedFramer)
    }

    init(_ prefix: LengthPrefix, _ limit: Int, setting: FrameLimit) {
        self.prefix = prefix
        self.limit = min(max(limit, 0), Int.max - 16)
        self.setting = setting
    }

    /// Reads the length, and finds the frame if it is there.
    ///
    /// - Complexity: O(1).
    @inline(__always)
    public func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
        guard let (length, width) = try prefix.read(bytes) else {
            return .needMore(scanned: 0, missing: max(prefix.width - bytes.count, 1))
        }
        guard length <= limit else { throw tooLong(length) }
        let end = width + length
        return bytes.count < end
            ? .needMore(scanned: 0, missing: end - bytes.count) : .frame(width..<end, consumed: end)
    }

    @inline(never)
    private func tooLong(_ byteCount: Int) -> FramingError {
        .tooLong(byteCount: byteCount, limit: limit, setting: setting.rawValue)
    }
}
