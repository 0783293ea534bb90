/// The error of a connection whose write buffer would have grown beyond ``Transport/writeBufferLimit``.
///
/// It ends the connection, as the error of ``ConnectionLostReason/failed(_:)``.
public struct WriteLimitExceeded: Error, Equatable, Sendable, CustomStringConvertible {
    /// The limit, in bytes.
    public let limit: Int

    /// The bytes that the write buffer would have had.
    public let wanted: Int

    /// The address of the peer, which does not read fast enough.
    public let peer: SocketAddress

    package init(limit: Int, wanted: Int, peer: SocketAddress) {
        self.limit = limit
        self.wanted = wanted
        self.peer = peer
    }

    /// The error as a message.
    public var description: String {
        let message: Message = "\(wanted) bytes would wait for \(peer), which does not read them; the limit is \(limit)"
        return message.text
    }
}
