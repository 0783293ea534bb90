/// A protocol's side of its connection: what it calls to write, to close and to control the flow.
///
/// All calls are made on the reactor's thread. None of them blocks, throws, or calls back into the protocol before it
/// returns, but that ``sendFile(_:offset:length:progress:completion:)`` and ``relay(to:completion:)`` throw if they
/// cannot begin. After the connection is lost every call is harmless.
public protocol Transport: AnyObject {
    /// Queues bytes for the peer.
    ///
    /// What one callback writes is gathered and sent by one system call as the callback returns; a large write goes
    /// out at once. The bytes are copied if they cannot be sent at once, so they need not outlive the call.
    func write(_ data: Span<UInt8>)

    /// Queues bytes for the peer.
    func write(_ data: [UInt8])

    /// Queues the UTF-8 bytes of a text for the peer.
    func write(_ text: String)

    /// Queues two pieces for the peer, such as a header and a body; a large body is not copied to join them.
    func write(_ head: Span<UInt8>, _ body: Span<UInt8>)

    /// Queues several pieces for the peer, sent by one gathered write.
    func write(contentsOf pieces: some Sequence<[UInt8]>)

    /// Sends a part of a file, behind what was written before and before what is written later.
    ///
    /// Between a file and a socket the bytes do not pass through this program. A piece a turn goes out, so that other
    /// connections are served meanwhile. The file's bytes count in neither ``bufferedByteCount`` nor the marks, since
    /// they cost no memory; what is written behind the file waits for it, and counts.
    ///
    /// Where the bytes are copied (over TLS, by bufferevents, under rate limits) what is not in memory is read on another
    /// thread. Where the kernel sends them it reads on the reactor's thread, which waits for the disk meanwhile.
    ///
    /// - Parameters:
    ///   - file: the file, retained until the transfer ends.
    ///   - offset: where the part begins.
    ///   - length: its bytes, or nil for all up to the end that the file had when it was opened.
    ///   - progress: called after each piece with the bytes of the part that have gone to the kernel so far, or that
    ///     wait in front of it.
    ///   - completion: called once, and not before this call has returned: with the length when the kernel has all of
    ///     it, or with the error that ended the transfer. If the connection is lost it comes before
    ///     ``Protocol/connectionLost(_:)``.
    /// - Throws: ``FileError/outOfRange(file:offset:length:size:)``, or ``FileError/closed(peer:)`` if a write would
    ///   be dropped; nothing is called then.
    func sendFile(
        _ file: ReadableFile, offset: Int, length: Int?, progress: ((Int) -> Void)?,
        completion: ((Result<Int, FileError>) -> Void)?
    ) throws(FileError)

    /// Passes on to another connection whatever arrives here from now on, in place of ``Protocol/dataReceived(_:)``.
    ///
    /// Between two plain sockets the bytes do not pass through this program; otherwise they are copied. Reading stops
    /// while the other peer does not read, so that the two buffer little. What was written to the other connection
    /// before goes first, and what is written to it meanwhile goes behind all that is relayed.
    ///
    /// - When the peer here ends its side, the end is passed on as by ``loseWriteConnection()`` of the other, and
    ///   ``Protocol/readConnectionLost()`` is not called. With the same in the other direction both close.
    /// - When one of the two is lost otherwise than in order, the other ends too, with a reset and with
    ///   ``RelayError/otherLost(peer:_:)`` as its reason. When it was closed in order, so is the other.
    /// - When the write side of the other is ended by its own ``loseWriteConnection()``, reading here stays paused.
    ///
    /// ``pauseReading()`` and ``resumeReading()`` work on.
    ///
    /// - Parameters:
    ///   - other: a connection of the same reactor; it may be this one.
    ///   - completion: called once, and not before this call has returned, with the bytes that were taken and how the
    ///     relay ended.
    /// - Returns: a handle by which it can be stopped; it need not be retained.
    /// - Throws: ``RelayError``; nothing has changed then.
    @discardableResult
    func relay(
        to other: any Transport, completion: ((_ byteCount: Int, _ ending: RelayEnding) -> Void)?
    ) throws(RelayError) -> StreamRelay

    /// Closes the connection when all that was written before has been delivered to the kernel and, over TCP,
    /// acknowledged by the peer's.
    ///
    /// No ``Protocol/dataReceived(_:)`` follows, and later writes are dropped. The close takes at most
    /// ``StreamOptions/closeDeadline``; what has not been delivered by then is dropped.
    func loseConnection()

    /// Closes as ``loseConnection()`` does, with a deadline of its own.
    ///
    /// - Parameter deadline: how long delivery may take from now; less than no time counts as none. When it ends first
    ///   the rest is dropped and the reason is ``ConnectionLostReason/timedOut``. Calling again restarts the deadline.
    func loseConnection(within deadline: Duration)

    /// Drops what is queued and closes at once; over TCP the peer sees a reset.
    func abortConnection()

    /// Ends the write side when all that was written before has been sent; reading goes on.
    ///
    /// ``Protocol/writeConnectionLost()`` is called when that is done. Later writes are dropped. When the peer has
    /// ended its side too the connection closes.
    func loseWriteConnection()

    /// Stops ``Protocol/dataReceived(_:)`` from the next call on, until ``resumeReading()``.
    ///
    /// The kernel continues to receive until its buffer is full and the peer is slowed down. A reset is still noticed.
    func pauseReading()

    /// Lets ``Protocol/dataReceived(_:)`` be called again; nothing is lost or repeated.
    func resumeReading()

    /// Whether the connection is closing or closed, so that writes are dropped.
    var isClosing: Bool { get }

    /// The bytes that were written and that the kernel has not taken yet; those of files and relays do not count.
    var bufferedByteCount: Int { get }

    /// Sets the marks for ``Protocol/pauseWriting()`` and ``Protocol/resumeWriting()``.
    ///
    /// - Parameters:
    ///   - high: in bytes; more than this waiting pauses. Negative values count as 0.
    ///   - low: in bytes; this or less waiting resumes. It is kept within 0 and `high`.
    func setWriteBufferLimits(high: Int, low: Int)

    /// The most bytes that may wait, or nil for no limit: one more ends the connection with ``WriteLimitExceeded``.
    ///
    /// Less than 0 counts as 0, and `Int.max` as no limit.
    var writeBufferLimit: Int? { get set }

    /// Limits how fast this connection reads and writes, in place of the limit that it had; nil ends it.
    ///
    /// The first limit starts with a tenth of a second's worth of bytes, and so does another one.
    ///
    /// - Returns: whether the setting took effect; false after the loss, and if the transport has no limits.
    @discardableResult
    func setRateLimit(_ limit: RateLimit?) -> Bool

    /// Has this connection share a limit with others, in addition to its own; nil has it leave its group.
    ///
    /// - Returns: whether the setting took effect; false after the loss, for a group of another reactor, and if the
    ///   transport has no limits.
    @discardableResult
    func setRateLimitGroup(_ group: RateLimitGroup?) -> Bool

    /// Sets how long the connection may be silent or slow from now on, in place of what was set before.
    ///
    /// All times restart. Setting others at each step of a conversation is cheap, about as much as a small
    /// allocation; ``StreamTimeouts/none`` takes them away.
    func setTimeouts(_ timeouts: StreamTimeouts)

    /// The timeout that ended the connection, if the reason is ``ConnectionLostReason/timedOut``; otherwise `nil`.
    ///
    /// It can be read from `connectionLost` on.
    var expiredTimeout: StreamTimeout? { get }

    /// The address of this end, readable after the loss too.
    var localAddress: SocketAddress { get }

    /// The address of the peer, readable after the loss too.
    var peerAddress: SocketAddress { get }

    /// Turns Nagle's algorithm off (`true`, the default of every connection) or on, if the transport has one.
    ///
    /// - Returns: whether the setting took effect; false on a UNIX socket or after the loss.
    @discardableResult
    func setNoDelay(_ enabled: Bool) -> Bool

    /// Lets the kernel probe an idle peer, so that one that vanished is noticed, if the transport can.
    ///
    /// - Parameters:
    ///   - idle: how long the connection is idle before the first probe; whole seconds, kept within 1 and 32,767.
    ///   - interval: the time between probes; whole seconds, kept within 1 and 32,767.
    ///   - count: how many unanswered probes end the connection with `.lost(ETIMEDOUT)`; kept within 1 and 127.
    /// - Returns: whether the setting took effect; false on a UNIX socket or after the loss.
    @discardableResult
    func setKeepAlive(idle: Duration, interval: Duration, count: Int) -> Bool
}

extension Transport {
    /// Writes one after the other: transports that gather them say so by a method of their own.
    public func write(_ head: Span<UInt8>, _ body: Span<UInt8>) {
        write(head)
        write(body)
    }

    /// Has no effect: transports that limit rates say so by a method of their own.
    @discardableResult
    public func setRateLimit(_ limit: RateLimit?) -> Bool { false }

    /// Has no effect: transports that limit rates say so by a method of their own.
    @discardableResult
    public func setRateLimitGroup(_ group: RateLimitGroup?) -> Bool { false }
}

extension Transport {
    /// Sends a file, or a part of it.
    ///
    /// The parameters are those of ``sendFile(_:offset:length:progress:completion:)``.
    public func sendFile(
        _ file: ReadableFile, offset: Int = 0, length: Int? = nil,
        completion: ((Result<Int, FileError>) -> Void)? = nil
    ) throws(FileError) {
        try sendFile(file, offset: offset, length: length, progress: nil, completion: completion)
    }

    /// Sends a file, or a part of it, and reports progress.
    ///
    /// The parameters are those of ``sendFile(_:offset:length:progress:completion:)``.
    public func sendFile(
        _ file: ReadableFile, offset: Int = 0, length: Int? = nil, progress: @escaping (Int) -> Void,
        completion: ((Result<Int, FileError>) -> Void)?
    ) throws(FileError) {
        try sendFile(file, offset: offset, length: length, progress: Optional(progress), completion: completion)
    }

    /// Opens a file and sends it, or a part of it.
    ///
    /// The other parameters are those of ``sendFile(_:offset:length:progress:completion:)``.
    ///
    /// - Parameter path: of a regular file; symbolic links are followed.
    public func sendFile(
        path: String, offset: Int = 0, length: Int? = nil, completion: ((Result<Int, FileError>) -> Void)? = nil
    ) throws(FileError) {
        try sendFile(ReadableFile(path: path), offset: offset, length: length, progress: nil, completion: completion)
    }

    /// Passes on to another connection whatever arrives here from now on.
    ///
    /// It does what ``relay(to:completion:)`` does.
    @discardableResult
    public func relay(to other: any Transport) throws(RelayError) -> StreamRelay {
        try relay(to: other, completion: nil)
    }

    /// A transport that moves its bytes otherwise sends no files unless it says how.
    public func sendFile(
        _ file: ReadableFile, offset: Int, length: Int?, progress: ((Int) -> Void)?,
        completion: ((Result<Int, FileError>) -> Void)?
    ) throws(FileError) {
        throw .unsupported
    }

    /// A transport that moves its bytes otherwise takes part in no relay unless it says how.
    public func relay(
        to other: any Transport, completion: ((_ byteCount: Int, _ ending: RelayEnding) -> Void)?
    ) throws(RelayError) -> StreamRelay {
        throw .unsupported
    }
}
