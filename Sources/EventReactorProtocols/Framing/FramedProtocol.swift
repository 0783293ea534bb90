import EventReactorCore

/// A protocol with frames of several kinds, such as a header of lines before a body: the framing may change at each frame.
///
/// ```swift
/// final class Upload: FramedProtocol {
///     override func frameReceived(_ frame: Span<UInt8>) throws {
///         guard framing != .bytes(size) else { return store(frame) }
///         size = try parseSize(frame)
///         framing = .bytes(size)
///     }
/// }
/// ```
///
/// See ``Framed`` for limits, pauses, switches and the end.
open class FramedProtocol: Framed<MixedFramer> {
    /// Creates a protocol that is not connected yet.
    ///
    /// - Parameter framing: what it begins with.
    public init(_ framing: Framing = .line()) {
        super.init(MixedFramer(framing))
    }

    /// The framing, which may be set at any time and holds from the next byte on that is in no frame yet.
    public final var framing: Framing {
        get { framer.framing }
        set {
            framer.framing = newValue
            divideKeptAgain()
            if framer.isEmptyFrameDue, !isDelivering { FrameDelivery(transport).comeBack() }
        }
    }

    /// In the callback of a frame, behind which those of no bytes are delivered.
    private var isDelivering = false

    /// Called with bytes as they arrive, under ``Framing/parts(of:)`` and ``Framing/raw``.
    ///
    /// - Parameters:
    ///   - part: valid during this call only.
    ///   - remaining: the bytes behind it that are still to come; nil under ``Framing/raw``.
    /// - Throws: an error thrown by an override ends the connection with ``ConnectionLostReason/failed(_:)``.
    open func partReceived(_ part: Span<UInt8>, remaining: Int?) throws {}

    open override func dataReceived(_ data: Span<UInt8>) throws {
        try receive(data)
    }

    override func deliver(_ frame: Span<UInt8>) throws {
        try deliverOne(frame)
        try deliverEmptyFrames()
    }

    override func deliverEmptyFrames() throws {
        // Each was asked for by the callback before it.
        while framer.isEmptyFrameDue {
            let delivery = FrameDelivery(transport)
            guard delivery.goesOn else { return delivery.comeBack() }
            _ = framer.takeEmptyFrame()
            try deliverOne(Span())
        }
    }

    override var missesParts: Bool {
        if case .parts(let count) = framing.kind { count > 0 } else { false }
    }

    private func deliverOne(_ frame: Span<UInt8>) throws {
        isDelivering = true
        defer { isDelivering = false }
        if framer.isPart {
            try partReceived(frame, remaining: framer.remaining)
        } else {
            try frameReceived(frame)
        }
    }
}
