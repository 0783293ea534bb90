import EventReactorCore

/// A protocol that is called with lines: subclass it and override ``lineReceived(_:)``.
///
/// ```swift
/// final class Greeter: LineReceiver {
///     override func connectionMade() throws { try sendLine("What is your name?") }
///
///     override func lineReceived(_ line: Span<UInt8>) throws {
///         try sendLine("Hello, \(String(decoding: line, as: UTF8.self))!")
///     }
/// }
/// ```
///
/// A line that is longer than the limit ends the connection with ``FramingError/tooLong(byteCount:limit:setting:)``,
/// unless ``Framed/frameRejected(_:)`` is overridden. See ``Framed`` for pauses, switches and the end.
open class LineReceiver: Framed<LineFramer> {
    /// Creates a protocol that is not connected yet.
    ///
    /// - Parameters:
    ///   - delimiter: what ends a line; `\r\n` unless given.
    ///   - limit: the most bytes of a line, without the delimiter; 16,384 unless given, as in Twisted. Less than 0
    ///     counts as 0.
    public init(delimiter: LineDelimiter = .crlf, limit: Int = 16_384) {
        super.init(LineFramer(delimiter, limit, setting: .lineReceiver))
    }

    /// Called with each line, without its delimiter.
    ///
    /// - Parameter line: valid during this call only; it may be empty.
    /// - Throws: an error thrown by an override ends the connection with ``ConnectionLostReason/failed(_:)``.
    open func lineReceived(_ line: Span<UInt8>) throws {}

    /// Called with bytes as they arrive, while ``isRaw`` is set.
    ///
    /// - Parameter data: at least one byte; valid during this call only.
    open func rawDataReceived(_ data: Span<UInt8>) throws {}

    /// Whether bytes are passed to ``rawDataReceived(_:)`` as they arrive, and not as lines.
    ///
    /// It holds from the next byte on: what arrived behind the line that sets it is raw already. To go back to lines in
    /// the middle of what arrived use ``receiveLines(from:)``.
    public final var isRaw: Bool {
        get { framer.isRaw }
        set {
            framer.isRaw = newValue
            divideKeptAgain()
        }
    }

    /// Goes back to lines, with bytes of the current ``rawDataReceived(_:)`` that belong to them.
    ///
    /// They are delivered as lines after the callback has returned.
    ///
    /// - Parameter rest: the bytes; they are copied.
    public final func receiveLines(from rest: Span<UInt8>) {
        framer.isRaw = false
        FrameDelivery(transport).keep(rest)
    }

    /// Sends a line, with the delimiter behind it.
    ///
    /// - Throws: ``FramingError/containsDelimiter``; nothing is sent then.
    public final func sendLine(_ line: Span<UInt8>) throws(FramingError) {
        try framer.check(line)
        let delimiter = framer.delimiter.bytes
        transport.write(line, delimiter.span)
    }

    /// Sends a line, with the delimiter behind it.
    ///
    /// - Throws: ``FramingError/containsDelimiter``; nothing is sent then.
    public final func sendLine(_ line: [UInt8]) throws(FramingError) {
        try sendLine(line.span)
    }

    /// Sends the UTF-8 of a text as a line, with the delimiter behind it.
    ///
    /// - Throws: ``FramingError/containsDelimiter``; nothing is sent then.
    public final func sendLine(_ line: String) throws(FramingError) {
        try sendLine(line.utf8.span)
    }

    open override func dataReceived(_ data: Span<UInt8>) throws {
        try receive(data)
    }

    final override func deliver(_ frame: Span<UInt8>) throws {
        if framer.isRaw { try rawDataReceived(frame) } else { try lineReceived(frame) }
    }
}
