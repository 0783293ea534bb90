/// The reason why a listener could not be created; no descriptor stays open.
public enum ListenError: Error, Equatable, Sendable {
    /// The port, host or path is malformed.
    case invalidAddress(AddressError)

    /// The host name could not be resolved; `message` is the resolver's.
    case unresolvable(host: String, message: String)

    /// ``PendingListener/cancel()`` was called, or the reactor stopped, before the host was resolved.
    case cancelled(host: String)

    /// Another socket is bound to the address.
    case addressInUse(SystemError)

    /// The sockets could not be adopted; the caller still owns them.
    case notAdoptable(AdoptError)

    /// The reactor was closed by ``ReactorBase/close()``.
    case reactorClosed

    /// A system call failed: the address is not local or not permitted, or a resource is exhausted.
    case system(SystemError)

    package init(_ error: SystemError, isInUse: Bool) {
        self = isInUse ? .addressInUse(error) : .system(error)
    }
}

extension ListenError: CustomStringConvertible {
    /// The error as a message.
    public var description: String { message.text }

    private var message: Message {
        switch self {
        case .invalidAddress(let error): "cannot listen: \(error.description)"
        case .unresolvable(let host, let message):
            "cannot listen: no address for host \(MessageText.quoted(host)): \(MessageText.escaped(message))"
        case .cancelled(let host): "listening at \(MessageText.quoted(host)) was cancelled"
        case .reactorClosed: "cannot listen: the reactor is closed"
        case .notAdoptable(let error): "cannot listen: \(error.description)"
        case .addressInUse(let error), .system(let error): "cannot listen: \(error)"
        }
    }
}
