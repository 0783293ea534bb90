/// Settings that every connection of a listener or connector starts with.
public struct StreamOptions: Hashable, Sendable {
    /// Whether small writes go out at once (`TCP_NODELAY`); on unless turned off.
    public var noDelay = true

    /// Probes for an idle TCP peer, or nil for none.
    public var keepAlive: KeepAlive?

    /// More bytes than this waiting calls ``Protocol/pauseWriting()``; 64 KiB unless set.
    ///
    /// Less than 0 counts as 0.
    public var writeBufferHighMark = 64 * 1024

    /// This many bytes or fewer waiting calls ``Protocol/resumeWriting()``; 16 KiB unless set.
    ///
    /// It is kept within 0 and the high mark.
    public var writeBufferLowMark = 16 * 1024

    /// The most bytes that may wait to be sent, or nil for no limit; 256 MiB unless set.
    ///
    /// One byte more ends the connection with ``WriteLimitExceeded``, so that a peer that never reads cannot exhaust
    /// the memory of a program that ignores ``Protocol/pauseWriting()``. Less than 0 counts as 0: no byte may wait.
    public var writeBufferLimit: Int? = 256 * 1024 * 1024

    /// How long ``Transport/loseConnection()`` may take to deliver what is queued, or nil for no end; 5 minutes unless
    /// set.
    ///
    /// What is left then is dropped and the reason is ``ConnectionLostReason/timedOut``. Less than no time counts as
    /// none.
    public var closeDeadline: Duration? = .seconds(300)

    /// How fast each connection may read and write, or nil for no limit; ``Transport/setRateLimit(_:)`` changes it for
    /// one.
    public var rateLimit: RateLimit?

    /// How long the connection may be silent or slow; for ever unless set.
    public var timeouts = StreamTimeouts.none

    /// The kernel's receive buffer (`SO_RCVBUF`) in bytes, or nil to leave it to the system.
    ///
    /// The system keeps it within bounds of its own, of which the lower one is for 0 and less.
    public var kernelReceiveBuffer: Int?

    /// The kernel's send buffer (`SO_SNDBUF`) in bytes, or nil to leave it to the system.
    ///
    /// The system keeps it within bounds of its own, of which the lower one is for 0 and less.
    public var kernelSendBuffer: Int?

    /// Creates the default settings.
    public init() {}

    /// When and how often the kernel probes an idle TCP peer.
    public struct KeepAlive: Hashable, Sendable {
        /// How long a connection is idle before the first probe; whole seconds, kept within 1 and 32,767.
        public var idle: Duration

        /// The time between probes; whole seconds, kept within 1 and 32,767.
        public var interval: Duration

        /// How many unanswered probes end the connection with `.lost(ETIMEDOUT)`; kept within 1 and 127.
        public var count: Int

        /// Creates the settings of a probe.
        public init(idle: Duration, interval: Duration, count: Int) {
            self.idle = idle
            self.interval = interval
            self.count = count
        }
    }
}

/// Settings of a listener.
public struct ListenOptions: Hashable, Sendable {
    /// The settings that each accepted connection starts with.
    public var stream = StreamOptions()

    /// Whether other sockets of the same user may listen on the same address (`SO_REUSEPORT`).
    public var reusePort = false

    /// What happens to new peers while there is no descriptor for them; ``DescriptorShortagePolicy/close`` unless set.
    public var whenOutOfDescriptors = DescriptorShortagePolicy.close

    /// How many connections are taken, in all and from one peer, and how fast; no limit unless set.
    public var limits = ConnectionLimits()

    /// Creates the default settings.
    public init() {}
}

/// What happens to new peers while the process or the system has no descriptor left for them.
public enum DescriptorShortagePolicy: Hashable, Sendable {
    /// They are accepted by a descriptor kept in reserve and closed at once, so that they can go elsewhere.
    case close

    /// They wait in the kernel's backlog until a connection of this reactor closes, or a tenth of a second has passed.
    case wait
}
