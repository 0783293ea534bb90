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
    /// The text is an IPv4 address to some programs and another one, or none, to others: fewer numbers than four, octal
    /// or hexadecimal ones, one number for the whole, dots or blanks at its ends (`127.1`, `0177.0.0.1`, `0x7f.1`,
    /// `2130706433`, `127.0.0.1.`).
    ///
    /// Four decimal numbers without leading zeros are the form that everyone reads alike.
    case ambiguousAddress(String)
    /// The host has letters beyond ASCII. Names of the DNS are ASCII: pass the A-label form of an internationalized name,
    /// `xn--bcher-kva.example` for `bücher.example`.
    case hostNotASCII(String)
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
                "\(MessageText.quoted(text)) is not a numeric IPv6 address with the scope of an existing interface"
            } else {
                "\(MessageText.quoted(text)) is not a numeric IPv4 or IPv6 address"
            }
        case .ambiguousAddress(let text):
            "\(MessageText.quoted(text)) is not read alike everywhere: an IPv4 address is four decimal numbers, as in 127.0.0.1"
        case .hostNotASCII(let host):
            "the host \(MessageText.quoted(host)) is not ASCII: pass its A-label form, which begins with xn--"
        case .emptyPath:
            "the path of a UNIX socket is empty"
        case .pathTooLong(let path, let limit):
            "the UNIX socket path \(MessageText.quoted(path)) has \(path.utf8.count) bytes, more than the system's \(limit)"
        case .pathContainsNUL(let path):
            "the UNIX socket path \(MessageText.quoted(path)) contains a NUL, where the system would cut it"
        }
    }
}
