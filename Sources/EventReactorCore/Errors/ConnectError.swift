/// The reason why a connection could not be established; each failed connect reports one, once.
public enum ConnectError: Error, Sendable {
    /// The host name could not be resolved; `message` is the resolver's.
    case unresolvable(host: String, message: String)

    /// The peer refused the connection: no socket listens at the address.
    case refused(SystemError)

    /// The peer did not answer within the connect's timeout; `after` is nil if the kernel's own timeout expired first.
    case timedOut(after: Duration?, to: String)

    /// The peer's network or host is unreachable.
    case unreachable(SystemError)

    /// ``Connector/cancel()`` was called, or the reactor stopped.
    case cancelled(to: String)

    /// The local address, `bindAddress`, could not be bound.
    case bindFailed(SystemError)

    /// The connection was established, and the handshake of a layer on it, such as TLS, failed.
    case handshakeFailed(any Error & Sendable, with: String)

    /// A system call failed for another reason: no file descriptor was free, for instance.
    case system(SystemError)
}

extension ConnectError: CustomStringConvertible {
    /// The error as a message.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .unresolvable(let host, let message):
            "cannot connect: no address for host \(MessageText.quoted(host)): \(MessageText.escaped(message))"
        case .timedOut(let time?, let to):
            "cannot connect: \(MessageText.escaped(to)) did not answer within \(time.description)"
        case .timedOut(nil, let to): "cannot connect: \(MessageText.escaped(to)) did not answer"
        case .cancelled(let to): "connecting to \(MessageText.escaped(to)) was cancelled"
        case .handshakeFailed(let error, let peer):
            "cannot connect: the handshake with \(MessageText.escaped(peer)) failed: \(MessageText.escaped(error))"
        case .refused(let error), .unreachable(let error), .bindFailed(let error), .system(let error):
            "cannot connect: \(error)"
        }
    }
}

extension ConnectError: Equatable {
    /// Errors of handshakes are equal if their messages are.
    public static func == (left: ConnectError, right: ConnectError) -> Bool {
        switch (left, right) {
        case (.unresolvable(let host, let message), .unresolvable(let otherHost, let otherMessage)):
            host == otherHost && message == otherMessage
        case (.timedOut(let time, let to), .timedOut(let otherTime, let otherTo)): time == otherTime && to == otherTo
        case (.cancelled(let to), .cancelled(let other)): to == other
        case (.handshakeFailed(let error, let peer), .handshakeFailed(let otherError, let otherPeer)):
            peer == otherPeer && String(describing: error) == String(describing: otherError)
        case (.refused(let error), .refused(let other)), (.unreachable(let error), .unreachable(let other)),
            (.bindFailed(let error), .bindFailed(let other)), (.system(let error), .system(let other)):
            error == other
        default: false
        }
    }
}
