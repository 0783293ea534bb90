import EventReactorCore

/// The reason why a text is no prefix of addresses.
public enum AddressPrefixError: Error, Hashable, Sendable {
    /// It is not an address, or an address, a slash and a number.
    case malformed(String)
    /// The number behind the slash is not one of 0 to `most`.
    case badLength(String, most: Int)
    /// Bits of the address are set that do not count, as in `10.1.0.0/8`: one of the two is not what was meant.
    case bitsBeyondLength(String)
}

extension AddressPrefixError: CustomStringConvertible {
    /// The error as a message.
    public var description: String {
        switch self {
        case .malformed(let text): "\(MessageText.quoted(text)) is no prefix of addresses, such as 10.0.0.0/8"
        case .badLength(let text, let most): "\(MessageText.quoted(text)) has no length from 0 to \(most)"
        case .bitsBeyondLength(let text):
            "\(MessageText.quoted(text)) has bits set beyond its length: correct the address or the length"
        }
    }
}
