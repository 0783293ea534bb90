/// Why a listener could not be made; no descriptor is left behind.
public enum ListenError: Error, Equatable, Sendable {
    /// The port, host or path is not one that can be listened on.
    case invalidAddress(AddressError)

    /// The host has no address; the text says what the resolver said.
    case unresolvable(host: String, message: String)

    /// `PendingListener.cancel()` was called, or the reactor stopped, before the host was resolved.
    case cancelled(host: String)

    /// Another socket has the address.
    case addressInUse(SystemError)

    /// The sockets that were to be adopted cannot be; they are still the caller's.
    case notAdoptable(AdoptError)

    /// The reactor was ended for good by `close()`.
    case reactorClosed

    /// The address is not one of this machine's, is not allowed, or the system lacks something.
    case system(SystemError)

    package init(_ error: SystemError, isInUse: Bool) {
        self = isInUse ? .addressInUse(error) : .system(error)
    }
}

extension ListenError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .invalidAddress(let error): "cannot listen: \(error)"
        case .unresolvable(let host, let message):
            "cannot listen: no address for host \(MessageText.quoted(host)): \(MessageText.escaped(message))"
        case .cancelled(let host): "listening at \(MessageText.quoted(host)) was cancelled"
        case .reactorClosed: "cannot listen: the reactor is closed"
        case .notAdoptable(let error): "cannot listen: \(error)"
        case .addressInUse(let error), .system(let error): "cannot listen: \(error)"
        }
    }
}
