/// The reason why a connection ended, passed to ``Protocol/connectionLost(_:)``.
public enum ConnectionLostReason: Error {
    /// It was closed gracefully, by the peer or by ``Transport/loseConnection()``.
    case done

    /// The peer reset it or can no longer be reached; the value is the `errno`, such as `ECONNRESET`.
    case lost(Int32)

    /// A timeout expired: one of ``StreamOptions/timeouts``, or the one of a graceful close.
    case timedOut

    /// This side called ``Transport/abortConnection()``.
    case aborted

    /// A callback of the protocol threw the error, or a limit was exceeded (``WriteLimitExceeded``).
    case failed(any Error)

    /// The reactor stopped.
    case reactorStopped

    /// Whether the connection was closed gracefully: true for ``done`` alone.
    public var isClean: Bool {
        if case .done = self { true } else { false }
    }
}

extension ConnectionLostReason: CustomStringConvertible {
    /// The reason as a message.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .done: "connection closed in order"
        case .lost(let code): "connection lost: \(ErrnoText.message(code)) (\(ErrnoText.name(code)))"
        case .timedOut: "connection timed out"
        case .aborted: "connection aborted by this side"
        case .failed(let error): "connection failed: \(MessageText.escaped(error))"
        case .reactorStopped: "reactor stopped"
        }
    }
}
