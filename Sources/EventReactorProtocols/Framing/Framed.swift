public import EventReactorCore

/// A protocol that is called with whole frames: subclass it and override ``frameReceived(_:)``.
///
/// ```swift
/// final class BlockServer: Framed<Blocks> {
///     override func dataReceived(_ data: Span<UInt8>) throws { try receive(data) }
///
///     override func frameReceived(_ frame: Span<UInt8>) {
///         transport.write(frame)
///     }
/// }
/// ```
///
/// A frame that arrived in one piece is not copied; of others only the parts are put together. While
/// ``Transport/pauseReading()`` holds no frame is delivered, after ``Transport/loseConnection()`` none either, and
/// after ``Protocol/switchProtocol(to:unconsumed:)`` the rest goes to the next protocol. If
/// ``Transport/relay(to:completion:)`` is called the rest is relayed.
///
/// The override of `dataReceived` above may be left out. With it the compiler makes the loop for this framer alone: a frame
/// of 64 bytes takes 10 ns in place of 14 (`bench framing`). ``LineReceiver`` and its like have it.
open class Framed<F: Framer>: Protocol {
    /// The framing, which may be changed in ``frameReceived(_:)`` and holds from the next byte on.
    @inlinable
    public final var framer: F {
        get { unsafe uncheckedFramer }
        set { unsafe uncheckedFramer = newValue }
    }

    // These two are touched at each frame, and never within another access: the check at run time would cost more.

    @exclusivity(unchecked) @usableFromInline
    final var uncheckedFramer: F
    /// The bytes behind the frame that is being delivered; `ended` after an error.
    @exclusivity(unchecked) @usableFromInline
    final var behind = 0

    /// The beginning of a frame that is not complete.
    @usableFromInline
    final var kept: [UInt8] = []
    /// How much of it the framer has looked at.
    @usableFromInline
    final var scanned = 0
    @usableFromInline static var ended: Int { -1 }

    /// Creates a protocol that is not connected yet.
    public init(_ framer: F) {
        unsafe uncheckedFramer = framer
    }

    /// Called with each frame, in order.
    ///
    /// - Parameter frame: the content, without what is around it; it may be empty. Valid during this call only.
    /// - Throws: an error thrown by an override ends the connection with ``ConnectionLostReason/failed(_:)``.
    open func frameReceived(_ frame: Span<UInt8>) throws {}

    /// Called once, when what arrived can be no frame; nothing is delivered any more.
    ///
    /// Unless overridden it throws the error, which resets the connection. An override may answer the peer and return;
    /// the connection then closes in order.
    open func frameRejected(_ error: FramingError) throws {
        throw error
    }

    /// Called when the peer has ended its side in the middle of a frame, before the connection is closed.
    ///
    /// Unless overridden it throws ``FramingError/endInFrame(byteCount:)``. The connection is closed in order either way;
    /// an error becomes the reason of the loss.
    ///
    /// - Parameter rest: the bytes of the frame that arrived; none if they were delivered in parts.
    open func frameCut(_ rest: Span<UInt8>) throws {
        throw FramingError.endInFrame(byteCount: rest.count)
    }

    /// Calls the callback for a frame.
    @usableFromInline
    func deliver(_ frame: Span<UInt8>) throws {
        try frameReceived(frame)
    }

    /// Whether parts of a frame were delivered, and others have not come.
    var missesParts: Bool { false }

    /// Delivers the frames of no bytes that are due.
    func deliverEmptyFrames() throws {}

    open override func dataReceived(_ data: Span<UInt8>) throws {
        try receive(data)
    }

    /// Handles a half-close by the peer: ``frameCut(_:)`` if a frame is not complete, then as ``Protocol`` does.
    ///
    /// An override that goes on writing calls `super` when it has finished, or handles a partial frame itself.
    open override func readConnectionLost() {
        if let error = partialFrameError() { return FrameDelivery(transport).end(because: error) }
        super.readConnectionLost()
    }

    /// Divides bytes into frames and delivers them: for an override of ``Protocol/dataReceived(_:)``.
    @inlinable
    public final func receive(_ data: Span<UInt8>) throws {
        guard unsafe behind != Framed.ended else { return }
        if kept.isEmpty { try deliverFrames(in: data, from: 0) } else { try completeFrame(data) }
    }

    /// Delivers the frames that are whole in what arrived, and keeps the rest.
    @inlinable
    final func deliverFrames(in data: Span<UInt8>, from start: Int) throws {
        let delivery = FrameDelivery(transport)
        var offset = start
        var isStalled = false
        while offset < data.count {
            let rest = data.extracting(droppingFirst: offset)
            let step: FrameStep
            do throws(FramingError) {
                step = try unsafe uncheckedFramer.next(in: rest, scanned: 0)
            } catch {
                return try reject(error)
            }
            switch step {
            case .needMore(let scanned, _):
                kept = [UInt8](rest)
                self.scanned = scanned
                unsafe behind = 0
                return
            case .frame(let range, let consumed):
                guard consumed > 0 || !isStalled, consumed <= rest.count, range.lowerBound >= 0,
                    range.upperBound <= consumed
                else { return try rejectStep() }
                isStalled = consumed <= 0
                offset += consumed
                unsafe behind = data.count - offset
                try deliver(rest.extracting(range))
                if !delivery.goesOn { return leave(data.extracting(droppingFirst: offset), to: delivery) }
            }
        }
        unsafe behind = 0
    }

    /// Adds to the frame that is kept until it is complete, then delivers those behind it where they are.
    @inlinable
    final func completeFrame(_ data: Span<UInt8>) throws {
        var bytes = kept
        kept = []
        var position = 0
        var missing = 1
        while position < data.count {
            // What is added beyond the frame is copied in vain: no more than what is there, or a page.
            let added = min(data.count - position, max(missing, min(max(bytes.count, 256), 4096)))
            bytes.append(contentsOf: data.extracting(position..<position + added))
            position += added
            let step: FrameStep
            do throws(FramingError) {
                step = try unsafe uncheckedFramer.next(in: bytes.span, scanned: scanned)
            } catch {
                return try reject(error)
            }
            switch step {
            case .needMore(let scanned, let more):
                self.scanned = scanned
                missing = more
            case .frame(let range, let consumed):
                guard consumed > 0, consumed <= bytes.count, range.lowerBound >= 0, range.upperBound <= consumed else {
                    return try rejectStep()
                }
                let left = bytes.count - consumed
                guard left <= added else { return try deliverAhead(range, in: bytes, consumed, data, from: position) }
                position -= left
                unsafe behind = data.count - position
                try deliver(bytes.span.extracting(range))
                let delivery = FrameDelivery(transport)
                if !delivery.goesOn { return leave(data.extracting(droppingFirst: position), to: delivery) }
                return try deliverFrames(in: data, from: position)
            }
        }
        kept = bytes
    }

    /// Delivers a frame that ended before what arrived last, from a framer that looks ahead, and those behind it.
    @usableFromInline
    final func deliverAhead(
        _ range: Range<Int>, in bytes: [UInt8], _ consumed: Int, _ data: Span<UInt8>, from position: Int
    ) throws {
        var bytes = bytes
        bytes.append(contentsOf: data.extracting(droppingFirst: position))
        unsafe behind = bytes.count - consumed
        try deliver(bytes.span.extracting(range))
        let delivery = FrameDelivery(transport)
        if !delivery.goesOn { return leave(bytes.span.extracting(droppingFirst: consumed), to: delivery) }
        try deliverFrames(in: bytes.span, from: consumed)
    }

    /// Delivers no more now: the connection keeps the rest.
    @inlinable
    final func leave(_ rest: Span<UInt8>, to delivery: FrameDelivery) {
        if unsafe behind != Framed.ended { unsafe behind = 0 }
        delivery.keep(rest)
    }

    @usableFromInline
    final func reject(_ error: FramingError) throws {
        unsafe behind = Framed.ended
        kept = []
        try frameRejected(error)
        transport.loseConnection()
    }

    /// A framer that consumes nothing would have the loop spin.
    @usableFromInline
    final func rejectStep() throws {
        try reject(.malformed("\(F.self) found a frame outside the bytes that it was given"))
    }

    private func partialFrameError() -> (any Error)? {
        guard !kept.isEmpty || missesParts, unsafe behind != Framed.ended else { return nil }
        let rest = kept
        kept = []
        do { try frameCut(rest.span) } catch { return error }
        return nil
    }

    /// Has a partial frame divided again, by a framing that was set outside a callback with a frame.
    final func divideKeptAgain() {
        guard !kept.isEmpty else { return }
        let rest = kept
        kept = []
        FrameDelivery(transport).keep(rest.span)
    }
}

extension Framed: BufferingProtocol {
    package final var unconsumedByteCount: Int { unsafe kept.count + max(behind, 0) }

    package final func deliverDue() throws { try deliverEmptyFrames() }

    package final func takeUnconsumed() -> [UInt8] {
        let rest = kept
        kept = []
        return rest
    }
}
