/// The times after which a silent or slow connection ends with ``ConnectionLostReason/timedOut``.
///
/// ```swift
/// var options = ListenOptions()
/// options.stream.timeouts = StreamTimeouts(idle: .seconds(60), write: .seconds(30), firstByte: .seconds(10))
/// ```
///
/// They are set for a listener or connector (``StreamOptions/timeouts``), and for one connection at any moment
/// (``Transport/setTimeouts(_:)``), which starts all times again. ``Transport/expiredTimeout`` tells which of them ended
/// a connection.
///
/// A time of zero or less counts as a nanosecond, and centuries are never over.
///
/// A connection whose time is over is closed: in order if nothing waits to be sent; otherwise what waits is dropped and
/// the peer sees a reset. The protocol is not called before, and `connectionLost` comes once, last, never inside a
/// call. A protocol that wants to say something first arms a ``CommonTimeout`` of its own.
///
/// From ``Transport/loseConnection()`` on only `idle`, `write` and the write rate count, and these while bytes wait;
/// then ``StreamOptions/closeDeadline`` alone. Connections without timeouts pay nothing; one with timeouts takes about
/// a hundred bytes more, and a message costs it a few nanoseconds.
public struct StreamTimeouts: Hashable, Sendable {
    /// Maximum time without bytes in either direction; `nil` (default): no limit.
    ///
    /// Bytes count as sent when the kernel has taken them. The time also runs while reading is paused.
    public var idle: Duration?

    /// Maximum time without bytes received; `nil` (default): no limit.
    ///
    /// It runs while the protocol reads: not while it has paused reading, nor after the peer has ended its side. It
    /// starts again when reading is resumed.
    public var read: Duration?

    /// Maximum time that bytes wait without the kernel taking any of them; `nil` (default): no limit.
    ///
    /// The kernel takes none as long as its buffer is full of bytes that the peer does not acknowledge.
    public var write: Duration?

    /// Maximum time until the first byte is received; `nil` (default): no limit.
    ///
    /// It runs from `connectionMade`, or from ``Transport/setTimeouts(_:)``, and like `read` only while the protocol
    /// reads.
    public var firstByte: Duration?

    /// The least that the peer has to send in each period; `nil` (default): no limit.
    ///
    /// It counts while the protocol reads, even if the peer has nothing to send; while reading is paused, its time is
    /// paused too. A peer that sends a byte a second is never idle: this is for requests and uploads, and is best set
    /// for as long as one is under way.
    public var minimumReadRate: TransferRate?

    /// The least that the peer has to take of the bytes that wait, in each period; `nil` (default): no limit.
    ///
    /// It counts while bytes wait; while none do, its time is paused.
    public var minimumWriteRate: TransferRate?

    /// Creates timeouts.
    ///
    /// - Parameters:
    ///   - idle: maximum time without bytes in either direction, or nil.
    ///   - read: maximum time without bytes received, or nil.
    ///   - write: maximum time that bytes wait without the kernel taking any, or nil.
    ///   - firstByte: maximum time until the first byte is received, or nil.
    ///   - minimumReadRate: the least that the peer has to send in each period, or nil.
    ///   - minimumWriteRate: the least that the peer has to take in each period, or nil.
    public init(
        idle: Duration? = nil, read: Duration? = nil, write: Duration? = nil, firstByte: Duration? = nil,
        minimumReadRate: TransferRate? = nil, minimumWriteRate: TransferRate? = nil
    ) {
        self.idle = idle
        self.read = read
        self.write = write
        self.firstByte = firstByte
        self.minimumReadRate = minimumReadRate
        self.minimumWriteRate = minimumWriteRate
    }

    /// No timeouts.
    public static let none = StreamTimeouts()
}
