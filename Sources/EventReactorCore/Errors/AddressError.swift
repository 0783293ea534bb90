/// An invalid address: the port, host or path that a caller gave is malformed.
///
/// It is thrown before any socket is opened. An address that is well formed and that the system refuses later is a
/// ``SystemError``.
public enum AddressError: Error, Equatable, Sendable {
    /// The port is outside 0...65535.
    case invalidPort(Int)
    /// The host is the empty string.
    case emptyHost
    /// The text is not a numeric IPv4 or IPv6 address, or its scope names a network interface that does not exist.
    case invalidAddress(String)
    /// Programs disagree on which IPv4 address the text is, or whether it is one: fewer than four numbers, octal or
    /// hexadecimal numbers, one number for the whole, dots or blanks at either end (`127.1`, `0177.0.0.1`, `0x7f.1`,
    /// `2130706433`, `127.0.0.1.`).
    ///
    /// Every program reads four decimal numbers without leading zeros in the same way.
    case ambiguousAddress(String)
    /// The host contains characters that are not ASCII.
    ///
    /// DNS names are ASCII: pass the A-label form of an internationalized name, `xn--bcher-kva.example` for
    /// `bücher.example`.
    case hostNotASCII(String)
    /// The path of a UNIX-domain socket, or its abstract name, is the empty string.
    case emptyPath
    /// The path of a UNIX-domain socket has more bytes of UTF-8 than the system's limit.
    case pathTooLong(path: String, limit: Int)
    /// The path of a UNIX-domain socket has a NUL after its first byte; the system would truncate it there.
    case pathContainsNUL(String)

    /// Converts a port to 16 bits.
    ///
    /// - Throws: ``invalidPort(_:)`` if it is outside 0...65535.
    static func checkPort(_ port: Int) throws(AddressError) -> UInt16 {
        guard let narrow = UInt16(exactly: port) else { throw .invalidPort(port) }
        return narrow
    }
}

extension AddressError: CustomStringConvertible {
    /// The error as a message, such as `port 70000 is outside 0...65535`.
    public var description: String { message.text }

    private var message: Message {
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
