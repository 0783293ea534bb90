/// Handles one connection: subclass it and override what you need.
///
/// A protocol object serves one connection and lives on the thread of the reactor that calls it, so it needs no locks
/// and is not `Sendable`. The reactor keeps it alive from ``connectionMade()`` until ``connectionLost(_:)`` has
/// returned, and holds no reference afterwards.
///
/// ```swift
/// final class Echo: Protocol {
///     override func dataReceived(_ data: Span<UInt8>) {
///         transport.write(data)
///     }
/// }
/// ```
///
/// An error thrown out of a callback ends this connection alone, with ``ConnectionLostReason/failed(_:)`` as the reason.
///
/// Should another imported module declare a `Protocol` of its own, spell this one `EventReactor::Protocol`.
open class Protocol {
    /// The connection, for writing to it and closing it.
    ///
    /// It is never nil. Before ``connectionMade()`` it is a closed transport, whose writes do nothing. After
    /// ``connectionLost(_:)`` it behaves as one, and its addresses can still be read.
    @inlinable
    public final var transport: any Transport { unsafe uncheckedTransport }

    // Read at every message, and set before the first callback only: no two accesses can overlap, and the check at run
    // time would cost more than the read.
    @exclusivity(unchecked) @usableFromInline
    final var uncheckedTransport: any Transport = ClosedTransport.shared

    package final func connect(to transport: any Transport) {
        unsafe uncheckedTransport = transport
    }

    /// Whether it serves a connection, or served one: it serves no second.
    package final var wasConnected: Bool { unsafe uncheckedTransport !== ClosedTransport.shared }

    /// Creates a protocol that is not connected yet.
    public init() {}

    /// Called once, first, when the connection stands.
    ///
    /// - Throws: what an override throws ends the connection with ``ConnectionLostReason/failed(_:)``.
    open func connectionMade() throws {}

    /// Called with bytes that arrived, any number of times, in the order in which the peer sent them.
    ///
    /// TCP keeps no message boundaries: a message may come in pieces, and several may come as one.
    ///
    /// - Parameter data: the bytes, never empty. They are valid for this call alone, which the compiler enforces;
    ///   `[UInt8](data)` makes a copy to keep.
    /// - Throws: what an override throws ends the connection with ``ConnectionLostReason/failed(_:)``.
    open func dataReceived(_ data: Span<UInt8>) throws {}

    /// Called at most once, when the peer has ended its side; no ``dataReceived(_:)`` follows.
    ///
    /// Unless overridden, what is queued is flushed and the connection then closed. Override it without calling
    /// `super` to go on writing, and call ``Transport/loseConnection()`` when done.
    open func readConnectionLost() {
        transport.loseConnection()
    }

    /// Called once when everything written before ``Transport/loseWriteConnection()`` has been sent, and the end of
    /// the stream after it.
    open func writeConnectionLost() {}

    /// Called when more bytes wait to be sent than the high mark allows: write no more until ``resumeWriting()``.
    ///
    /// It never comes inside `write`, but after the callback in which the mark was passed. Ignoring it is allowed and
    /// costs memory, up to the limit of ``Transport/writeBufferLimit``.
    open func pauseWriting() {}

    /// Called when what waits has come down to the low mark, once for each ``pauseWriting()``, unless the write side
    /// is being closed by then.
    open func resumeWriting() {}

    /// Called exactly once, last, when the connection is gone, and never inside a call that this protocol made.
    ///
    /// - Parameter reason: how the connection ended.
    open func connectionLost(_ reason: ConnectionLostReason) {}
}

@available(*, unavailable)
extension Protocol: Sendable {}
