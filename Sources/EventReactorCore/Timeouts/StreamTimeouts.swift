/// How long a connection may be silent or slow, before it ends with ``ConnectionLostReason/timedOut``.
///
/// ```swift
/// var options = ListenOptions()
/// options.stream.timeouts = StreamTimeouts(idle: .seconds(60), write: .seconds(30), firstByte: .seconds(10))
/// ```
///
/// They are set for a listener or connector (``StreamOptions/timeouts``), and anew for one connection at any moment
/// (``Transport/setTimeouts(_:)``). ``Transport/expiredTimeout`` tells which of them it was that ended a connection.
///
/// A time of zero or less counts as a nanosecond, and centuries are never over.
///
/// A connection whose time is over is closed: in order where nothing waits to be sent, and otherwise what waits is
/// dropped and the peer sees a reset. Nothing is called before, and never is it inside a call: `connectionLost` comes
/// once, last. A protocol that wants to say something first arms a ``CommonTimeout`` of its own.
///
/// From ``Transport/loseConnection()`` on only `idle`, `write` and the write rate count, and these while bytes wait;
/// then ``StreamOptions/closeDeadline`` alone. Connections without timeouts pay nothing; one with timeouts keeps about
/// a hundred bytes more, and a message costs it a few nanoseconds.
public struct StreamTimeouts: Hashable, Sendable {
    /// How long nothing may be received nor sent, or nil for ever.
    ///
    /// Sent is what the kernel has taken. It counts while reading is paused too.
    public var idle: Duration?

    /// How long nothing may be received, or nil for ever.
    ///
    /// It counts while the protocol reads: not while it has paused reading, and no more once the peer has ended its
    /// side. It begins anew when reading is resumed.
    public var read: Duration?

    /// How long bytes may wait without the kernel taking any of them, or nil for ever.
    ///
    /// The kernel takes none as long as its buffer is full of what the peer does not acknowledge.
    public var write: Duration?

    /// How soon the first byte has to come, or nil for any time.
    ///
    /// It counts from `connectionMade`, or from ``Transport/setTimeouts(_:)``, as `read` does: while the protocol reads.
    public var firstByte: Duration?

    /// How fast the peer has to send at least, or nil for any pace.
    ///
    /// It counts while the protocol reads, be it that the peer has nothing to send; while reading is paused, its time
    /// stands still. A peer that sends a byte a second is never idle: this is for requests and uploads, and is best set
    /// for as long as one is under way.
    public var minimumReadRate: TransferRate?

    /// How fast the peer has to take what is sent to it at least, or nil for any pace.
    ///
    /// It counts while bytes wait; while none do, its time stands still.
    public var minimumWriteRate: TransferRate?

    /// Creates timeouts; those that are not given are none.
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

    /// No timeouts at all.
    public static let none = StreamTimeouts()
}

/// So many bytes in each period.
public struct TransferRate: Hashable, Sendable {
    /// How many bytes have to pass in each period; with none, or fewer, there is no such rate.
    public var bytes: Int

    /// The length of a period: they follow one another, and each is judged at its end.
    ///
    /// Less than a nanosecond counts as one.
    public var period: Duration

    /// How long it is left alone before the first period begins; less than no time counts as none.
    public var grace: Duration

    /// Creates a rate.
    public init(bytes: Int, per period: Duration, grace: Duration = .zero) {
        self.bytes = bytes
        self.period = period
        self.grace = grace
    }
}

/// A time that was over: what ``Transport/expiredTimeout`` tells.
public enum StreamTimeout: Hashable, Sendable {
    /// ``StreamTimeouts/idle``.
    case idle
    /// ``StreamTimeouts/read``.
    case read
    /// ``StreamTimeouts/write``.
    case write
    /// ``StreamTimeouts/firstByte``.
    case firstByte
    /// ``StreamTimeouts/minimumReadRate``.
    case minimumReadRate
    /// ``StreamTimeouts/minimumWriteRate``.
    case minimumWriteRate
    /// ``StreamOptions/closeDeadline``, or that of ``Transport/loseConnection(within:)``.
    case close
}

extension StreamTimeout: CustomStringConvertible {
    /// What went wrong, in words.
    public var description: String {
        switch self {
        case .idle: "nothing was received or sent for too long"
        case .read: "nothing was received for too long"
        case .write: "nothing of what waited was taken for too long"
        case .firstByte: "the first byte did not come in time"
        case .minimumReadRate: "the peer sends too slowly"
        case .minimumWriteRate: "the peer takes what is sent too slowly"
        case .close: "the connection could not be closed in time"
        }
    }
}
