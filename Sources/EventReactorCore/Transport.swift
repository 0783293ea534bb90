/// A protocol's side of its connection: what it calls to write, to close and to control the flow.
///
/// All calls are made on the reactor's thread. None of them blocks, throws, or calls back into the protocol before it
/// returns. After the connection is lost every call is harmless.
public protocol Transport: AnyObject {
    /// Queues bytes for the peer.
    ///
    /// What one callback writes is gathered and sent by one system call as the callback returns; a large write goes
    /// out at once. The bytes are copied where they cannot be sent at once, so they need not outlive the call.
    func write(_ data: Span<UInt8>)

    /// Queues bytes for the peer.
    func write(_ data: [UInt8])

    /// Queues the UTF-8 bytes of a text for the peer.
    func write(_ text: String)

    /// Queues several pieces for the peer, sent by one gathered write.
    func write(contentsOf pieces: some Sequence<[UInt8]>)

    /// Closes the connection when all that was written before has been delivered to the kernel and, over TCP,
    /// acknowledged by the peer's.
    ///
    /// No ``Protocol/dataReceived(_:)`` follows, and later writes are dropped. The close takes at most
    /// ``StreamOptions/closeDeadline``; what has not been delivered by then is dropped.
    func loseConnection()

    /// Closes as ``loseConnection()`` does, with a deadline of its own.
    ///
    /// - Parameter deadline: how long delivery may take from now. When it ends first the rest is dropped and the
    ///   reason is ``ConnectionLostReason/timedOut``. Calling again sets the deadline anew.
    func loseConnection(within deadline: Duration)

    /// Drops what is queued and closes at once; over TCP the peer sees a reset.
    func abortConnection()

    /// Ends the write side when all that was written before has been sent; reading goes on.
    ///
    /// ``Protocol/writeConnectionLost()`` tells when that is done. Later writes are dropped. When the peer has ended
    /// its side too the connection closes.
    func loseWriteConnection()

    /// Stops ``Protocol/dataReceived(_:)`` from the next call on, until ``resumeReading()``.
    ///
    /// The kernel goes on receiving until its buffer is full and the peer is slowed down. A reset is still noticed.
    func pauseReading()

    /// Lets ``Protocol/dataReceived(_:)`` be called again; nothing is lost or repeated.
    func resumeReading()

    /// Whether the connection is closing or closed, so that writes are dropped.
    var isClosing: Bool { get }

    /// The bytes that were written and that the kernel has not taken yet.
    var bufferedByteCount: Int { get }

    /// Sets the marks for ``Protocol/pauseWriting()`` and ``Protocol/resumeWriting()``.
    ///
    /// - Parameters:
    ///   - high: in bytes; more than this waiting pauses. Negative values count as 0.
    ///   - low: in bytes; this or less waiting resumes. It is lowered to `high` where it is above it.
    func setWriteBufferLimits(high: Int, low: Int)

    /// The most bytes that may wait, or nil for no limit: one more ends the connection with ``WriteLimitExceeded``.
    var writeBufferLimit: Int? { get set }

    /// Limits how fast this connection reads and writes, in place of the limit that it had; nil ends it.
    ///
    /// The first limit starts with a tenth of a second's worth of bytes, and so does another one.
    ///
    /// - Returns: whether the setting took effect; false after the loss, and where the transport has no limits.
    @discardableResult
    func setRateLimit(_ limit: RateLimit?) -> Bool

    /// Has this connection share a limit with others, besides its own; nil has it leave its group.
    ///
    /// - Returns: whether the setting took effect; false after the loss, for a group of another reactor, and where the
    ///   transport has no limits.
    @discardableResult
    func setRateLimitGroup(_ group: RateLimitGroup?) -> Bool

    /// The address of this end, readable after the loss too.
    var localAddress: SocketAddress { get }

    /// The address of the peer, readable after the loss too.
    var peerAddress: SocketAddress { get }

    /// Turns Nagle's algorithm off (`true`, the default of every connection) or on, where the transport has one.
    ///
    /// - Returns: whether the setting took effect; false on a UNIX socket or after the loss.
    @discardableResult
    func setNoDelay(_ enabled: Bool) -> Bool

    /// Lets the kernel probe an idle peer, so that one that vanished is noticed, where the transport can.
    ///
    /// - Parameters:
    ///   - idle: how long the connection is idle before the first probe; whole seconds, 1 at least.
    ///   - interval: the time between probes; whole seconds, 1 at least.
    ///   - count: how many unanswered probes end the connection with `.lost(ETIMEDOUT)`.
    /// - Returns: whether the setting took effect; false on a UNIX socket or after the loss.
    @discardableResult
    func setKeepAlive(idle: Duration, interval: Duration, count: Int) -> Bool
}

extension Transport {
    /// Has no effect: transports that limit rates say so by a method of their own.
    @discardableResult
    public func setRateLimit(_ limit: RateLimit?) -> Bool { false }

    /// Has no effect: transports that limit rates say so by a method of their own.
    @discardableResult
    public func setRateLimitGroup(_ group: RateLimitGroup?) -> Bool { false }
}

/// The transport of a protocol that was never connected.
package final class ClosedTransport: Transport, Sendable {
    package static let shared = ClosedTransport()

    package func write(_ data: Span<UInt8>) {}
    package func write(_ data: [UInt8]) {}
    package func write(_ text: String) {}
    package func write(contentsOf pieces: some Sequence<[UInt8]>) {}
    package func loseConnection() {}
    package func loseConnection(within deadline: Duration) {}
    package func abortConnection() {}
    package func loseWriteConnection() {}
    package func pauseReading() {}
    package func resumeReading() {}
    package var isClosing: Bool { true }
    package var bufferedByteCount: Int { 0 }
    package func setWriteBufferLimits(high: Int, low: Int) {}
    package var writeBufferLimit: Int? {
        get { nil }
        set {}
    }
    package var localAddress: SocketAddress { .unnamedUnix }
    package var peerAddress: SocketAddress { .unnamedUnix }
    package func setNoDelay(_ enabled: Bool) -> Bool { false }
    package func setKeepAlive(idle: Duration, interval: Duration, count: Int) -> Bool { false }
}
