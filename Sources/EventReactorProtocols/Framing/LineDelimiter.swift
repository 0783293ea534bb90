/// The end of a line.
public struct LineDelimiter: Hashable, Sendable {
    /// The bytes at the end of a line that is sent.
    public let bytes: [UInt8]
    /// Whether a line that is received may end with `\n` alone.
    let acceptsBareNewline: Bool

    private init(bytes: [UInt8], acceptsBareNewline: Bool = false) {
        self.bytes = bytes
        self.acceptsBareNewline = acceptsBareNewline
    }

    /// Carriage return and line feed, as most protocols of the Internet have it.
    ///
    /// One of them alone is part of the line.
    public static let crlf = LineDelimiter(bytes: [13, 10])
    /// A line feed; a carriage return before it is part of the line.
    public static let lf = LineDelimiter(bytes: [10])
    /// `\n` or `\r\n`, for people at terminals; `\r\n` is sent.
    ///
    /// Where two programs that divide lines differently work on one stream, such as with mail, this lets a peer smuggle
    /// lines past the stricter one: use ``crlf`` there.
    public static let newline = LineDelimiter(bytes: [13, 10], acceptsBareNewline: true)

    static let zero = LineDelimiter(bytes: [0])

    /// Any bytes, at least one; nil if there are none.
    public init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return nil }
        self.init(bytes: bytes)
    }
}
