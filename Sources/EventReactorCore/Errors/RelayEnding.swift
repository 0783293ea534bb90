/// The outcome of a relay.
public enum RelayEnding: Sendable {
    /// The source's peer ended its side: all bytes were forwarded, and the end of the stream after them.
    case ended

    /// ``StreamRelay/stop()`` was called; all bytes read from the source were forwarded.
    case stopped

    /// This program closed the receiving connection or its write side; all bytes read before were forwarded.
    case receiverClosed

    /// The source connection was lost.
    case sourceLost(ConnectionLostReason)

    /// The receiving connection was lost.
    case receiverLost(ConnectionLostReason)
}
