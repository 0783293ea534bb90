/// A timeout that ended a connection: see ``Transport/expiredTimeout``.
public enum StreamTimeout: Hashable, Sendable {
    /// ``StreamTimeouts/idle``.
    case idle
    /// ``StreamTimeouts/read``.
    case read
    /// ``StreamTimeouts/write``.
    case write
    /// ``StreamTimeouts/firstByte``.
    case firstByte
    /// ``StreamTimeouts/minimumReadRate``.
    case minimumReadRate
    /// ``StreamTimeouts/minimumWriteRate``.
    case minimumWriteRate
    /// ``StreamOptions/closeDeadline``, or that of ``Transport/loseConnection(within:)``.
    case close
}

extension StreamTimeout: CustomStringConvertible {
    /// The reason, in words.
    public var description: String {
        switch self {
        case .idle: "nothing was received or sent for too long"
        case .read: "nothing was received for too long"
        case .write: "nothing of what waited was taken for too long"
        case .firstByte: "the first byte did not come in time"
        case .minimumReadRate: "the peer sends too slowly"
        case .minimumWriteRate: "the peer takes what is sent too slowly"
        case .close: "the connection could not be closed in time"
        }
    }
}
