/// Why a listener could not be made; no descriptor is left behind.
public enum ListenError: Error, Equatable, Sendable {
    /// The port, host or path is not one that can be listened on.
    case invalidAddress(AddressError)

    /// The host has no address; the text says what the resolver said.
    case unresolvable(host: String, message: String)

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
        case .unresolvable(let host, let message): "cannot listen: no address for host \"\(host)\": \(message)"
        case .reactorClosed: "cannot listen: the reactor is closed"
        case .notAdoptable(let error): "cannot listen: \(error)"
        case .addressInUse(let error), .system(let error): "cannot listen: \(error)"
        }
    }
}
