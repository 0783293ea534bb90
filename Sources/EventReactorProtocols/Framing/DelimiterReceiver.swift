import EventReactorCore

/// A protocol that is called with what is between delimiters, which may be any bytes.
///
/// Subclass it and override ``Framed/frameReceived(_:)``. See ``Framed`` for limits, pauses, switches and the end.
open class DelimiterReceiver: Framed<LineFramer> {
    /// Creates a protocol that is not connected yet.
    ///
    /// - Parameters:
    ///   - delimiter: the bytes that end a frame. None count as a zero byte.
    ///   - limit: the most bytes of a frame, without the delimiter; 65,536 unless given. Less than 0 counts as 0.
    public init(delimiter: [UInt8] = [0], limit: Int = 65_536) {
        super.init(LineFramer(LineDelimiter(delimiter) ?? .zero, limit, setting: .delimiterReceiver))
    }

    /// Sends a frame, with the delimiter behind it.
    ///
    /// - Throws: ``FramingError/containsDelimiter``; nothing is sent then.
    public final func sendFrame(_ frame: Span<UInt8>) throws(FramingError) {
        try framer.check(frame)
        let delimiter = framer.delimiter.bytes
        transport.write(frame, delimiter.span)
    }

    /// Sends a frame, with the delimiter behind it.
    ///
    /// - Throws: ``FramingError/containsDelimiter``; nothing is sent then.
    public final func sendFrame(_ frame: [UInt8]) throws(FramingError) {
        try sendFrame(frame.span)
    }

    open override func dataReceived(_ data: Span<UInt8>) throws {
        try receive(data)
    }
}
