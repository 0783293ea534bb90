import EventReactorCore

/// A protocol that is called with frames that have their length in front.
///
/// Subclass it and override ``Framed/frameReceived(_:)``. A length above the limit is refused before the frame arrives.
/// See ``Framed`` for limits, pauses, switches and the end.
open class LengthPrefixedReceiver: Framed<LengthPrefixedFramer> {
    /// Creates a protocol that is not connected yet.
    ///
    /// - Parameters:
    ///   - prefix: how a length is written; four bytes, the most significant first, unless given.
    ///   - limit: the most bytes of a frame that is received, without the length; 1 MiB unless given. Less than 0 counts
    ///     as 0.
    public init(prefix: LengthPrefix = .uint32, limit: Int = 1 << 20) {
        super.init(LengthPrefixedFramer(prefix, limit, setting: .lengthPrefixedReceiver))
    }

    /// Sends a frame, with its length in front.
    ///
    /// - Throws: ``FramingError/tooLong(byteCount:limit:setting:)`` if the prefix cannot hold its length; nothing is sent
    ///   then.
    public final func sendFrame(_ frame: Span<UInt8>) throws(FramingError) {
        let prefix = framer.prefix
        guard frame.count <= prefix.largest else {
            throw .tooLong(byteCount: frame.count, limit: prefix.largest, setting: "LengthPrefix")
        }
        var head: [UInt8] = []
        prefix.append(frame.count, to: &head)
        transport.write(head.span, frame)
    }

    /// Sends a frame, with its length in front.
    ///
    /// - Throws: ``FramingError/tooLong(byteCount:limit:setting:)`` if the prefix cannot hold its length; nothing is sent
    ///   then.
    public final func sendFrame(_ frame: [UInt8]) throws(FramingError) {
        try sendFrame(frame.span)
    }

    open override func dataReceived(_ data: Span<UInt8>) throws {
        try receive(data)
    }
}
