/// Handles one connection: subclass it and override the callbacks that you need.
///
/// A protocol object serves one connection. All callbacks run on the thread of its reactor, so it needs no locks and is
/// not `Sendable`. The reactor retains it from ``connectionMade()`` until ``connectionLost(_:)`` has returned, and
/// releases it then.
///
/// ```swift
/// final class Echo: Protocol {
///     override func dataReceived(_ data: Span<UInt8>) {
///         transport.write(data)
///     }
/// }
/// ```
///
/// An error thrown out of a callback ends this connection alone, with ``ConnectionLostReason/failed(_:)`` as the
/// reason.
///
/// If another imported module declares a `Protocol` too, write `EventReactor::Protocol` for this one.
open class Protocol {
    /// The transport of the connection, to write to it and to close it.
    ///
    /// It is never nil. Before ``connectionMade()`` it is a closed transport, whose writes do nothing. After
    /// ``connectionLost(_:)`` it behaves as a closed one, and its addresses can still be read.
    @inlinable
    public final var transport: any Transport { unsafe uncheckedTransport }

    // Read at every message, and set only before the first callback: no two accesses can overlap, and the run-time
    // check would cost more than the read.
    @exclusivity(unchecked) @usableFromInline
    final var uncheckedTransport: any Transport = ClosedTransport.shared

    package final func connect(to transport: any Transport) {
        unsafe uncheckedTransport = transport
    }

    /// Whether it serves or has served a connection: it cannot serve another one.
    package final var wasConnected: Bool { unsafe uncheckedTransport !== ClosedTransport.shared }

    /// Creates a protocol that is not connected yet.
    public init() {}

    /// Has another protocol take the connection over, such as after an upgrade.
    ///
    /// From now on this one is called no more, not even when the connection is lost. When the callback that calls this
    /// has returned, the other one's ``connectionMade()`` is called, and then its ``dataReceived(_:)`` with the bytes that
    /// were left over, before any that arrive later; they wait while reading is paused. What was written stays written,
    /// and pauses, limits and timeouts stay as they are. Its `connectionMade` is called in any case, also if the connection
    /// is closed or aborted in the same callback: its `connectionLost` comes behind it.
    ///
    /// ```swift
    /// override func dataReceived(_ data: Span<UInt8>) {
    ///     guard let end = data.firstRange(of: "\r\n")?.upperBound else { return }
    ///     switchProtocol(to: Chat(), unconsumed: data.extracting(droppingFirst: end))
    /// }
    /// ```
    ///
    /// It has no effect before `connectionMade`, after the loss, and on a protocol that has been replaced already. A
    /// protocol that serves another connection cannot take over: the connection is reset, and the reactor reports it.
    ///
    /// - Parameters:
    ///   - next: a protocol that has served no connection; it is retained as long as the connection lives.
    ///   - unconsumed: the bytes of the current call that are for it; they are copied. The receivers of
    ///     EventReactorProtocols hand over what they have left by themselves.
    public final func switchProtocol(to next: Protocol, unconsumed: Span<UInt8> = Span()) {
        StreamConnection.of(transport)?.switchProtocol(from: self, to: next, unconsumed: unconsumed)
    }

    /// Called once, before any other callback, when the connection is established.
    ///
    /// - Throws: An error thrown by an override ends the connection with ``ConnectionLostReason/failed(_:)``.
    open func connectionMade() throws {}

    /// Called whenever bytes arrive, in the order in which the peer sent them.
    ///
    /// TCP preserves no message boundaries: a message may arrive in parts, and several messages in one call.
    ///
    /// - Parameter data: The bytes, at least one. They are valid during this call only, which the compiler enforces;
    ///   `[UInt8](data)` makes a copy to keep.
    /// - Throws: An error thrown by an override ends the connection with ``ConnectionLostReason/failed(_:)``.
    open func dataReceived(_ data: Span<UInt8>) throws {}

    /// Called at most once, when the peer has shut down its write side (half-close); no ``dataReceived(_:)`` follows.
    ///
    /// Unless overridden, it calls ``Transport/loseConnection()``: the write queue is flushed, and the connection
    /// closed. To continue writing, override it without calling `super`, and call ``Transport/loseConnection()`` later.
    open func readConnectionLost() {
        transport.loseConnection()
    }

    /// Called at most once, when all bytes written before ``Transport/loseWriteConnection()`` have been sent, and the
    /// end of the stream after them.
    open func writeConnectionLost() {}

    /// Called when the write buffer has grown above its high watermark: stop writing until ``resumeWriting()``.
    ///
    /// It is never called inside `write`, but after the callback that exceeded the watermark. A protocol may ignore
    /// this backpressure: it costs memory, up to ``Transport/writeBufferLimit``.
    open func pauseWriting() {}

    /// Called when the write buffer has drained to its low watermark, once for each ``pauseWriting()``, unless the
    /// write side is being closed by then.
    open func resumeWriting() {}

    /// Called exactly once, after all other callbacks, when the connection has ended; never inside a call that this
    /// protocol made.
    ///
    /// - Parameter reason: The reason why the connection ended.
    open func connectionLost(_ reason: ConnectionLostReason) {}
}

@available(*, unavailable)
extension Protocol: Sendable {}
