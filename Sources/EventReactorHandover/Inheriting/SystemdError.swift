import EventReactorCore

/// An error in the variables by which systemd passes sockets.
public enum SystemdError: Error, Equatable, Sendable {
    /// The variable's value is no number, or too large.
    case malformed(variable: String, value: String)

    /// `LISTEN_FDNAMES` does not have one name for each descriptor.
    case nameCount(names: Int, descriptors: Int)

    /// A descriptor counted by `LISTEN_FDS` is not open.
    case notOpen(descriptor: Int32)
}

extension SystemdError: CustomStringConvertible {
    /// The error in words.
    public var description: String {
        switch self {
        case .malformed(let variable, let value):
            "no socket activation: \(MessageText.escaped(variable)) is \(MessageText.quoted(value))"
        case .nameCount(let names, let descriptors):
            "no socket activation: LISTEN_FDNAMES has \(names) names for \(descriptors) descriptors"
        case .notOpen(let descriptor): "no socket activation: descriptor \(descriptor) of LISTEN_FDS is not open"
        }
    }
}
