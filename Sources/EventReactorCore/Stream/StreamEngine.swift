/// What a stream connection needs of the machinery below it: one object serves all connections of a kind.
///
/// The connection keeps the contract; an engine moves bytes and reports. An engine keeps what it needs for a connection
/// in the connection's `handle` and `outbox`, and calls `received`, `receivedEnd`, `broke`, `outboxTaken` and
/// `outboxDrained`.
package protocol StreamEngine: AnyObject {
    /// Starts watching for bytes. The descriptor and `handle` are set.
    func open(_ connection: StreamConnection) throws(SystemError)

    /// Offers bytes to the kernel, with nothing queued before them.
    ///
    /// - Returns: how many it took, 0 where it takes none now, or a negative errno.
    func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int

    /// Offers several pieces to the kernel in one call, with nothing queued before them; returns as `send` does.
    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int

    /// Queues bytes that the kernel did not take, to be sent as it makes room; `outboxDrained` is called then.
    ///
    /// - Returns: 0, or an errno if there is no memory for them or room in the kernel cannot be waited for.
    func enqueue(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int32

    /// Offers what is queued to the kernel once, now; for an engine that queues all.
    func offerQueue(_ connection: StreamConnection)

    /// The errno with which a send would fail for good though the queue is not empty, or 0.
    ///
    /// Only a UNIX socket needs the question: if its peer shuts its reading side while bytes wait for room, the kernel
    /// reports neither room nor an error.
    func sendError(_ connection: StreamConnection) -> Int32

    /// Whether `send` takes nothing and all goes through `enqueue`.
    var queuesAll: Bool { get }

    /// The bytes queued and not yet taken.
    func queuedByteCount(_ connection: StreamConnection) -> Int

    /// The mark at or below which `outboxDrained` is to be called has changed.
    func lowMarkChanged(_ connection: StreamConnection)

    /// `.hasTimeouts` has changed: from then on `outboxTaken` is to be called for what the kernel takes of the outbox.
    func timeoutsChanged(_ connection: StreamConnection)

    /// `wantsReading` may have changed.
    func readingChanged(_ connection: StreamConnection)

    /// Sends the end of the stream; nothing is queued.
    func shutdownWrite(_ connection: StreamConnection)

    /// Delivers what has arrived, without waiting and not without bound, as long as `willRead` or `takesBySplice` is set.
    ///
    /// The end of the stream is not reported.
    func deliverArrived(_ connection: StreamConnection)

    /// Whether closing now could destroy bytes on their way to the peer; reads and drops what has arrived to find out.
    ///
    /// A reset found so is reported by `broke` before this returns.
    func closingLosesBytes(_ connection: StreamConnection) -> Bool

    /// Stops watching, drops what is queued and closes the descriptor.
    func close(_ connection: StreamConnection, reset: Bool)

    /// Offers a part of a file to the kernel, with nothing queued before it.
    func sendFile(_ connection: StreamConnection, _ file: Int32, offset: Int, count: Int) -> FileStep

    /// Whether `wantsRoom` is set has changed: while it is, `hasRoom` is to be called in each turn in which the kernel
    /// would take bytes.
    ///
    /// It is set only for an engine that sends files or splices.
    func roomWatchChanged(_ connection: StreamConnection)

    /// Whether its connections are sockets of which the kernel can splice, and `readable` is called where
    /// `takesBySplice` says so.
    var splices: Bool { get }

    /// A pipe for a relay, or nil where none can be had.
    func takePipe() -> (any RelayPipe)?

    func localAddress(_ connection: StreamConnection) -> SocketAddress
    func setNoDelay(_ connection: StreamConnection, _ enabled: Bool) -> Bool
    func setKeepAlive(_ connection: StreamConnection, _ keepAlive: StreamOptions.KeepAlive) -> Bool
}

/// An engine that moves every byte itself.
extension StreamEngine {
    package var queuesAll: Bool { false }

    package func offerQueue(_ connection: StreamConnection) {}

    package func sendError(_ connection: StreamConnection) -> Int32 { 0 }

    package func sendFile(
        _ connection: StreamConnection, _ file: Int32, offset: Int, count: Int
    ) -> FileStep { .unsupported }

    package func roomWatchChanged(_ connection: StreamConnection) {}

    package var splices: Bool { false }

    package func takePipe() -> (any RelayPipe)? { nil }

    /// An engine that calls `outboxTaken` for every connection has nothing to do.
    package func timeoutsChanged(_ connection: StreamConnection) {}
}

/// What the connections of one listener or connector share, so that each pays one pointer for it.
@safe
package final class StreamSettings {
    package let engine: any StreamEngine
    /// The reactor, which outlives its connections until their loss.
    let owner: Unmanaged<ReactorBase>
    package let closeDeadline: Duration?
    package let highMark: Int
    package let lowMark: Int
    package let limit: Int
    let rateLimit: RateLimit?
    /// Where the connections are counted; nil for those of connectors.
    package let members: PortMembers?
    /// The timeouts that each begins with.
    let limits: TimeoutPolicy?
    /// That the connection was adopted: others may hold descriptors of its socket.
    package internal(set) var adoption: AdoptionClaim?

    package init(engine: any StreamEngine, options: StreamOptions, reactor: ReactorBase) {
        self.engine = engine
        unsafe owner = .passUnretained(reactor)
        closeDeadline = options.closeDeadline
        highMark = max(0, options.writeBufferHighMark)
        lowMark = min(max(0, options.writeBufferLowMark), highMark)
        limit = options.writeBufferLimit.map { max(0, $0) } ?? .max
        rateLimit = options.rateLimit
        members = nil
        limits = reactor.timeouts.limits(for: options.timeouts)
    }

    private init(_ other: StreamSettings, high: Int, low: Int, limit: Int, members: PortMembers?) {
        engine = other.engine
        unsafe owner = other.owner
        closeDeadline = other.closeDeadline
        highMark = max(0, high)
        lowMark = min(max(0, low), highMark)
        self.limit = max(0, limit)
        rateLimit = other.rateLimit
        self.members = members
        limits = other.limits
        adoption = other.adoption
    }

    /// The same settings with other marks, for one connection.
    func with(high: Int? = nil, low: Int? = nil, limit: Int? = nil) -> StreamSettings {
        StreamSettings(self, high: high ?? highMark, low: low ?? lowMark, limit: limit ?? self.limit, members: members)
    }

    /// The same settings for connections that are counted.
    func of(_ members: PortMembers) -> StreamSettings {
        StreamSettings(self, high: highMark, low: lowMark, limit: limit, members: members)
    }
}
