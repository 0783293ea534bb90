import EventReactorCore

/// A protocol that is called with netstrings, such as `5:hello,`.
///
/// Subclass it and override ``Framed/frameReceived(_:)``. A length above the limit is refused before the content
/// arrives. See ``Framed`` for limits, pauses, switches and the end.
open class NetstringReceiver: Framed<NetstringFramer> {
    /// Creates a protocol that is not connected yet.
    ///
    /// - Parameter limit: the most bytes of a netstring's content; 99,999 unless given, as in Twisted. Less than 0 counts
    ///   as 0.
    public init(limit: Int = 99_999) {
        super.init(NetstringFramer(limit, setting: .netstringReceiver))
    }

    /// Sends a netstring.
    public final func sendFrame(_ frame: Span<UInt8>) {
        let head = [UInt8]("\(frame.count):".utf8)
        transport.write(head.span, frame)
        transport.write(",")
    }

    /// Sends a netstring.
    public final func sendFrame(_ frame: [UInt8]) {
        sendFrame(frame.span)
    }

    open override func dataReceived(_ data: Span<UInt8>) throws {
        try receive(data)
    }
}
