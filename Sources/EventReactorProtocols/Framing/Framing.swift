import EventReactorCore

/// How a ``FramedProtocol`` divides what arrives from now on.
public struct Framing: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case lines
        case prefixed(LengthPrefixedFramer)
        case netstrings(NetstringFramer)
        case bytes(Int)
        case parts(Int)
        case raw
    }

    let kind: Kind
    /// The framer of lines, beside the kind and not in it: in place it need not be copied at each line, with its delimiter.
    let lines: LineFramer

    private init(kind: Kind, lines: LineFramer = Framing.noLines) {
        self.kind = kind
        self.lines = lines
    }

    private static let noLines = LineFramer()

    /// Lines, without their delimiter.
    ///
    /// - Parameters:
    ///   - delimiter: what ends a line.
    ///   - limit: the most bytes of a line, without the delimiter; less than 0 counts as 0.
    public static func line(_ delimiter: LineDelimiter = .crlf, limit: Int = 16_384) -> Framing {
        Framing(kind: .lines, lines: LineFramer(delimiter, limit, setting: .line))
    }

    /// The bytes before a delimiter, without it.
    ///
    /// - Parameters:
    ///   - delimiter: the bytes; none count as a zero byte.
    ///   - limit: the most bytes before it; less than 0 counts as 0.
    public static func until(_ delimiter: [UInt8], limit: Int = 65_536) -> Framing {
        let delimiter = LineDelimiter(delimiter) ?? .zero
        return Framing(kind: .lines, lines: LineFramer(delimiter, limit, setting: .until))
    }

    /// Frames of so many bytes, each delivered when it is whole; until then it is kept, so bound what a peer asks for.
    ///
    /// With 0 or less an empty frame is delivered as soon as the callback has returned in which this was set, and
    /// another framing has to be set in it.
    public static func bytes(_ count: Int) -> Framing { Framing(kind: .bytes(max(count, 0))) }

    /// So many bytes, delivered in parts as they arrive, to ``FramedProtocol/partReceived(_:remaining:)``.
    ///
    /// With 0 or less an empty part is delivered as soon as the callback has returned in which this was set. Another
    /// framing has to be set with the last part.
    public static func parts(of count: Int) -> Framing { Framing(kind: .parts(max(count, 0))) }

    /// Frames with their length in front.
    ///
    /// - Parameters:
    ///   - prefix: how the length is written.
    ///   - limit: the most bytes of a frame, without the length; less than 0 counts as 0.
    public static func lengthPrefixed(_ prefix: LengthPrefix = .uint32, limit: Int = 1 << 20) -> Framing {
        Framing(kind: .prefixed(LengthPrefixedFramer(prefix, limit, setting: .lengthPrefixed)))
    }

    /// Netstrings, such as `5:hello,`.
    ///
    /// - Parameter limit: the most bytes of a frame; less than 0 counts as 0.
    public static func netstring(limit: Int = 99_999) -> Framing {
        Framing(kind: .netstrings(NetstringFramer(limit, setting: .netstring)))
    }

    /// Whatever arrives, as it arrives, to ``FramedProtocol/partReceived(_:remaining:)``.
    public static let raw = Framing(kind: .raw)

    /// Whether a frame of no bytes is due as soon as this is set.
    var isEmpty: Bool { kind == .bytes(0) || kind == .parts(0) }
}
