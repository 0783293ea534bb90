/// Why a connection could not be made; each failed connect reports one, once.
public enum ConnectError: Error, Equatable, Sendable {
    /// The host has no address; the text says what the resolver said.
    case unresolvable(host: String, message: String)

    /// The peer refused: nothing listens there.
    case refused(SystemError)

    /// No answer came within this time, or, where it is nil, within the kernel's own.
    case timedOut(after: Duration?, to: String)

    /// There is no way to the peer.
    case unreachable(SystemError)

    /// `Connector.cancel()` was called, or the reactor stopped.
    case cancelled(to: String)

    /// The address to connect from could not be bound.
    case bindFailed(SystemError)

    /// The system refused for another reason, too few descriptors for one.
    case system(SystemError)
}

extension ConnectError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .unresolvable(let host, let message):
            "cannot connect: no address for host \(MessageText.quoted(host)): \(MessageText.escaped(message))"
        case .timedOut(let time?, let to): "cannot connect: \(MessageText.escaped(to)) did not answer within \(time)"
        case .timedOut(nil, let to): "cannot connect: \(MessageText.escaped(to)) did not answer"
        case .cancelled(let to): "connecting to \(MessageText.escaped(to)) was cancelled"
        case .refused(let error), .unreachable(let error), .bindFailed(let error), .system(let error):
            "cannot connect: \(error)"
        }
    }
}
