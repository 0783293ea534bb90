/// Settings that every connection of a listener or connector starts with.
///
/// ```swift
/// let options = StreamOptions(keepAlive: .init(idle: .seconds(60), interval: .seconds(10), count: 3))
/// try reactor.connect(.tcp(host: "example.com", port: 80), options: options) { Client() }
/// ```
public struct StreamOptions: Equatable, Sendable {
    /// Whether small writes are sent at once (`TCP_NODELAY`); on by default.
    public var noDelay: Bool

    /// Probes of an idle TCP peer; `nil` (default) for none.
    public var keepAlive: KeepAlive?

    /// High watermark of the write queue in bytes: more calls ``Protocol/pauseWriting()``; 64 KiB by default.
    ///
    /// Less than 0 counts as 0.
    public var writeBufferHighMark: Int

    /// Low watermark of the write queue in bytes: this or less calls ``Protocol/resumeWriting()``; 16 KiB by default.
    ///
    /// It is clamped to 0 and the high watermark.
    public var writeBufferLowMark: Int

    /// Maximum of the write queue in bytes, 256 MiB by default; `nil` for no limit.
    ///
    /// One byte more ends the connection with ``WriteLimitExceeded``, so that a peer that never reads cannot exhaust
    /// the memory of a program that ignores ``Protocol/pauseWriting()``. Less than 0 counts as 0: no byte may wait.
    public var writeBufferLimit: Int?

    /// Maximum time in which ``Transport/loseConnection()`` has to flush, 5 minutes by default; `nil` for no limit.
    ///
    /// Queued bytes are dropped then, and the reason is ``ConnectionLostReason/timedOut``. A negative one counts as zero.
    public var closeDeadline: Duration?

    /// Limit of each connection's read and write rates; `nil` (default) for none.
    ///
    /// ``Transport/setRateLimit(_:)`` changes it for one connection.
    public var rateLimit: RateLimit?

    /// Timeouts of a connection that is silent or slow; none by default.
    public var timeouts: StreamTimeouts

    /// Size of the kernel's receive buffer (`SO_RCVBUF`) in bytes; `nil` (default) leaves it to the system.
    ///
    /// The system keeps it within bounds of its own, of which the lower one is for 0 and less.
    public var kernelReceiveBuffer: Int?

    /// Size of the kernel's send buffer (`SO_SNDBUF`) in bytes; `nil` (default) leaves it to the system.
    ///
    /// The system keeps it within bounds of its own, of which the lower one is for 0 and less.
    public var kernelSendBuffer: Int?

    /// Kind of buffering; ``Buffering/direct`` by default.
    public var buffering: Buffering

    /// Creates settings; each parameter sets the property of its name.
    public init(
        noDelay: Bool = true, keepAlive: KeepAlive? = nil, writeBufferHighMark: Int = 64 * 1024,
        writeBufferLowMark: Int = 16 * 1024, writeBufferLimit: Int? = 256 * 1024 * 1024,
        closeDeadline: Duration? = .seconds(300), rateLimit: RateLimit? = nil, timeouts: StreamTimeouts = .none,
        kernelReceiveBuffer: Int? = nil, kernelSendBuffer: Int? = nil, buffering: Buffering = .direct
    ) {
        self.noDelay = noDelay
        self.keepAlive = keepAlive
        self.writeBufferHighMark = writeBufferHighMark
        self.writeBufferLowMark = writeBufferLowMark
        self.writeBufferLimit = writeBufferLimit
        self.closeDeadline = closeDeadline
        self.rateLimit = rateLimit
        self.timeouts = timeouts
        self.kernelReceiveBuffer = kernelReceiveBuffer
        self.kernelSendBuffer = kernelSendBuffer
        self.buffering = buffering
    }

    /// When and how often the kernel probes an idle TCP peer (`SO_KEEPALIVE`).
    public struct KeepAlive: Equatable, Sendable {
        /// Idle time before the first probe; whole seconds, clamped to 1 and 32,767.
        public var idle: Duration

        /// Time between probes; whole seconds, clamped to 1 and 32,767.
        public var interval: Duration

        /// Number of unanswered probes that end the connection with `.lost(ETIMEDOUT)`; clamped to 1 and 127.
        public var count: Int

        /// Creates settings; each parameter sets the property of its name.
        public init(idle: Duration, interval: Duration, count: Int) {
            self.idle = idle
            self.interval = interval
            self.count = count
        }
    }
}
