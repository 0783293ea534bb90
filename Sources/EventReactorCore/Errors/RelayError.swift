/// Why a relay cannot begin, and why a connection that took part in one was ended.
public enum RelayError: Error, Sendable {
    /// The connection that was to be read has ended, or is closing.
    case sourceClosed(peer: SocketAddress)

    /// The connection that was to be written to takes no writes.
    case receiverClosed(peer: SocketAddress)

    /// What arrives on the connection is relayed already.
    case alreadyRelaying(peer: SocketAddress)

    /// The two connections are of different reactors, which share nothing.
    case otherReactor

    /// One of the two transports cannot take part in a relay.
    case unsupported

    /// The reason of a connection that was ended because the one that it relayed with was lost.
    case otherLost(peer: SocketAddress, ConnectionLostReason)
}

extension RelayError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .sourceClosed(let peer): "nothing more can arrive from \(peer) to be relayed"
        case .receiverClosed(let peer): "the connection to \(peer) takes no more bytes"
        case .alreadyRelaying(let peer): "what arrives from \(peer) is relayed already"
        case .otherReactor: "the connections are of different reactors"
        case .unsupported: "the transport cannot take part in a relay"
        case .otherLost(let peer, let reason): "the connection to \(peer) that it relayed with was lost: \(reason)"
        }
    }
}

/// How a relay ended.
public enum RelayEnding: Sendable {
    /// The source's peer ended its side: everything was passed on, and the end after it.
    case ended

    /// ``StreamRelay/stop()`` was called; what had been taken from the source was passed on.
    case stopped

    /// This program closed the receiving connection, or ended its write side; what had been taken was passed on.
    case receiverClosed

    /// The connection that was read was lost.
    case sourceLost(ConnectionLostReason)

    /// The connection that was written to was lost.
    case receiverLost(ConnectionLostReason)
}
