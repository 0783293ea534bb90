/// How a stream of bytes is divided into frames: a value, which can be tested without a connection.
///
/// ```swift
/// /// Frames of 16 bytes.
/// struct Blocks: Framer {
///     func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
///         bytes.count < 16 ? .needMore(scanned: 0, missing: 16 - bytes.count) : .frame(0..<16, consumed: 16)
///     }
/// }
/// ```
///
/// ``Framed`` uses it for a connection.
public protocol Framer {
    /// Finds the first frame.
    ///
    /// - Parameters:
    ///   - bytes: what has arrived and is not consumed, at least one byte; it begins with the frame.
    ///   - scanned: what ``FrameStep/needMore(scanned:missing:)`` said when fewer bytes of the same frame had arrived, so
    ///     that no byte need be looked at twice; otherwise 0.
    /// - Returns: the frame, or that it is not complete.
    /// - Throws: ``FramingError`` if the bytes cannot become a frame. Throw as soon as that is known: a frame that is
    ///   longer than a limit must not be buffered first.
    mutating func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep
}

/// The answer of a ``Framer``.
@frozen
public enum FrameStep: Hashable, Sendable {
    /// The frame is not complete.
    ///
    /// - Parameters:
    ///   - scanned: passed on to the next call for this frame.
    ///   - missing: the bytes that are missing at least; 1 if that is not known.
    case needMore(scanned: Int, missing: Int)
    /// The content of a frame, and the number of bytes with all that is around it: at least one, and not fewer than the
    /// range's end.
    case frame(Range<Int>, consumed: Int)
}
