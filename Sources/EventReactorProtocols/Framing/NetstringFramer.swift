/// Netstrings: the length in decimal digits, a colon, the content, a comma, as in `5:hello,`.
///
/// By D. J. Bernstein's definition, cr.yp.to/proto/netstrings.txt: there are no leading zeros.
public struct NetstringFramer: Framer, Hashable, Sendable {
    /// The most bytes of a frame's content.
    public let limit: Int
    let setting: FrameLimit

    /// Divides netstrings.
    ///
    /// - Parameter limit: the most bytes of a frame's content; less than 0 counts as 0.
    public init(limit: Int = 99_999) {
        self.init(limit, setting: .netstringFramer)
    }

    init(_ limit: Int, setting: FrameLimit) {
        self.limit = min(max(limit, 0), Int.max / 16)
        self.setting = setting
    }

    /// Reads the length, and finds the content if it is there.
    ///
    /// - Complexity: O(1): a length has as many digits as the limit at most.
    @inline(__always)
    public func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
        var length = 0
        var index = 0
        while index < bytes.count, bytes[index] != UInt8(ascii: ":") {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { throw .malformed("a netstring's length is not a number") }
            guard index == 0 || length > 0 else { throw .malformed("a netstring's length has a leading zero") }
            length = length * 10 + Int(digit)
            guard length <= limit else { throw tooLong(length) }
            index += 1
        }
        guard index < bytes.count else { return .needMore(scanned: 0, missing: 1) }
        guard index > 0 else { throw .malformed("a netstring has no length") }
        let end = index + 1 + length
        guard bytes.count > end else { return .needMore(scanned: 0, missing: end + 1 - bytes.count) }
        guard bytes[end] == UInt8(ascii: ",") else { throw .malformed("a netstring does not end with a comma") }
        return .frame(index + 1..<end, consumed: end + 1)
    }

    @inline(never)
    private func tooLong(_ byteCount: Int) -> FramingError {
        .tooLong(byteCount: byteCount, limit: limit, setting: setting.rawValue)
    }
}
