/// An address that cannot be: something in the port, host or path that a caller gave.
///
/// No socket has been touched when one of these is thrown. What the system refuses later is a ``SystemError``.
public enum AddressError: Error, Equatable, Sendable {
    /// The port is outside 0...65535.
    case invalidPort(Int)
    /// The host has no characters.
    case emptyHost
    /// The text is not a numeric IPv4 or IPv6 address, or names a network interface that does not exist.
    case invalidAddress(String)
    /// The path of a UNIX-domain socket, or its abstract name, has no characters.
    case emptyPath
    /// The path of a UNIX-domain socket has more bytes of UTF-8 than the system has room for.
    case pathTooLong(path: String, limit: Int)
    /// The path of a UNIX-domain socket has a NUL after its first byte, where the system would cut it.
    case pathContainsNUL(String)

    /// Narrows a port to the 16 bits it has.
    package static func checkPort(_ port: Int) throws(AddressError) -> UInt16 {
        guard let narrow = UInt16(exactly: port) else { throw .invalidPort(port) }
        return narrow
    }
}

extension AddressError: CustomStringConvertible {
    /// What is wrong with what, in plain words, such as `port 70000 is outside 0...65535`.
    public var description: String {
        switch self {
        case .invalidPort(let port):
            "port \(port) is outside 0...65535"
        case .emptyHost:
            "the host is empty"
        case .invalidAddress(let text):
            if text.contains("%") {
                "\(text.debugDescription) is not a numeric IPv6 address with the scope of an existing interface"
            } else {
                "\(text.debugDescription) is not a numeric IPv4 or IPv6 address"
            }
        case .emptyPath:
            "the path of a UNIX socket is empty"
        case .pathTooLong(let path, let limit):
            "the UNIX socket path \(path.debugDescription) has \(path.utf8.count) bytes, more than the system's \(limit)"
        case .pathContainsNUL(let path):
            "the UNIX socket path \(path.debugDescription) contains a NUL, where the system would cut it"
        }
    }
}
