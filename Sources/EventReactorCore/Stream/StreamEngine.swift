/// The machinery below the stream connections of one kind: one object serves all of them.
///
/// The connection keeps the contract and the send queue; an engine says what the kernel took, and when it would take or
/// give more. It keeps what it needs for a connection in the connection's `handle`, and in `registration` of its send
/// queue. It reports by calling
///
/// - `received`, `receivedEnd`, or `readable` if `takesBySplice` is set, when bytes, the end or an error have arrived;
/// - `hasRoom` in each turn in which the kernel would take bytes, while `wantsRoom` is set;
/// - `sent` when the kernel took bytes that were lent to an engine that writes by itself;
/// - `broke` when the connection is gone, `sendFailed` when only sending is, and `interestFailed` when the kernel
///   refuses to register interest in the descriptor.
///
/// ``NativeReactor``'s is the shortest to read.
package protocol StreamEngine: AnyObject {
    /// Registers interest in bytes. The descriptor is set.
    func open(_ connection: StreamConnection) throws(SystemError)

    /// Offers bytes to the kernel.
    ///
    /// - Returns: the number that it took, 0 if it takes none now, or a negative errno.
    func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int

    /// Offers several pieces to the kernel in one call; returns as `send` does.
    ///
    /// An engine that writes by itself, whose connections are in the state `queuesAll`, borrows the pieces, which are of
    /// the send queue: it sets the queue's `lentByteCount` and returns as many.
    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int

    /// `parked` or `wantsRoom` may have changed: registers the interest that they mean now.
    func interestChanged(_ connection: StreamConnection)

    /// Sends the end of the stream; nothing is queued.
    func shutdownWrite(_ connection: StreamConnection)

    /// Delivers what has arrived, without waiting and not without bound, as long as `willRead` or `takesBySplice` is set.
    ///
    /// The end of the stream is not reported.
    func deliverArrived(_ connection: StreamConnection)

    /// Reads and drops what has arrived, to find out whether closing now could destroy bytes on their way to the peer.
    func drainInput(of connection: StreamConnection) -> InputDrain

    /// Unregisters and closes the descriptor.
    func close(_ connection: StreamConnection, reset: Bool)

    /// Offers a part of a file to the kernel, with nothing queued before it.
    func sendFile(_ connection: StreamConnection, _ file: Int32, offset: Int, count: Int) -> FileStep

    /// The source of pipes for relays; nil if the kernel cannot splice the engine's connections.
    ///
    /// With pipes, `readable` is called if `takesBySplice` says so, and files are sent by `sendFile`.
    var pipes: (any RelayPipeSource)? { get }

    func localAddress(_ connection: StreamConnection) -> SocketAddress

    /// Sets a socket option.
    ///
    /// - Returns: whether the system took it.
    func set(_ option: SocketOption, of connection: StreamConnection) -> Bool
}

extension StreamEngine {
    package func sendFile(
        _ connection: StreamConnection, _ file: Int32, offset: Int, count: Int
    ) -> FileStep { .unsupported }

    package var pipes: (any RelayPipeSource)? { nil }
}
