/// How a connection ended: what ``Protocol/connectionLost(_:)`` is told.
public enum ConnectionLostReason: Error {
    /// It was closed in order, by the peer or by ``Transport/loseConnection()``.
    case done

    /// The peer reset it or can no longer be reached; the value is the `errno`, `ECONNRESET` for one.
    case lost(Int32)

    /// A deadline ended before the connection could be closed in order.
    case timedOut

    /// This side called ``Transport/abortConnection()``.
    case aborted

    /// A callback of the protocol threw the error, or a limit was passed (``WriteLimitExceeded``).
    case failed(any Error)

    /// The reactor stopped.
    case reactorStopped

    /// Whether the connection was closed in order.
    public var isClean: Bool {
        if case .done = self { true } else { false }
    }
}

extension ConnectionLostReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
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

/// More bytes waited to be sent than ``Transport/writeBufferLimit`` allows.
public struct WriteLimitExceeded: Error, Equatable, Sendable, CustomStringConvertible {
    /// The limit, in bytes.
    public let limit: Int

    /// The bytes that would have waited.
    public let wanted: Int

    /// The peer that did not read them.
    public let peer: SocketAddress

    package init(limit: Int, wanted: Int, peer: SocketAddress) {
        self.limit = limit
        self.wanted = wanted
        self.peer = peer
    }

    /// The error in words.
    public var description: String {
        "\(wanted) bytes would wait for \(peer), which does not read them; the limit is \(limit)"
    }
}
