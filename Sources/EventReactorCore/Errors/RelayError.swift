/// The reason why a relay could not start, or why a relayed connection was ended.
public enum RelayError: Error, Sendable {
    /// The source connection has ended or is closing.
    case sourceClosed(peer: SocketAddress)

    /// The receiving connection accepts no writes.
    case receiverClosed(peer: SocketAddress)

    /// The source connection is being relayed already.
    case alreadyRelaying(peer: SocketAddress)

    /// The two connections belong to different reactors.
    case otherReactor

    /// One of the two transports cannot take part in a relay.
    case unsupported

    /// The reason of a connection that ended because the other connection of its relay was lost.
    case otherLost(peer: SocketAddress, ConnectionLostReason)
}

extension RelayError: CustomStringConvertible {
    /// The error as a message.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .sourceClosed(let peer): "nothing more can arrive from \(peer) to be relayed"
        case .receiverClosed(let peer): "the connection to \(peer) takes no more bytes"
        case .alreadyRelaying(let peer): "what arrives from \(peer) is relayed already"
        case .otherReactor: "the connections are of different reactors"
        case .unsupported: "the transport cannot take part in a relay"
        case .otherLost(let peer, let reason):
            "the connection to \(peer) that it relayed with was lost: \(reason.description)"
        }
    }
}
