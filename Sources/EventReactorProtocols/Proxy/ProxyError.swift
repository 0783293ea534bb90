import EventReactorCore

/// The reason why a PROXY header was refused, or could not be made.
public enum ProxyError: Error, Hashable, Sendable {
    /// The peer sent something else than a header, which is required of it.
    case missing

    /// A header came from a peer that is not trusted to say for whom it speaks.
    case notTrusted

    /// A line of version 1 did not end within the 107 bytes that it may have.
    case lineTooLong

    /// A line of version 1 is not what the protocol allows; the text says what is wrong with it.
    case malformedLine(String)

    /// The binary header has another version than 2.
    case unsupportedVersion(Int)

    /// The binary header has a command other than `LOCAL` and `PROXY`.
    case unsupportedCommand(Int)

    /// The binary header has an address family or a transport protocol that does not exist; the byte has both.
    case unsupportedFamily(UInt8)

    /// The binary header has more bytes behind its first 16 than ``ProxySettings/maximumLength``.
    case tooLong(byteCount: Int, limit: Int)

    /// The binary header has fewer bytes behind its first 16 than its addresses take.
    case tooShort(byteCount: Int, needed: Int)

    /// An extension (TLV) is not what the protocol allows; the text says what is wrong with it.
    case malformedExtension(type: UInt8, String)

    /// The checksum of the header is wrong: it was damaged on the way.
    case wrongChecksum

    /// The header was not complete in time.
    case timedOut(after: Duration)

    /// The peer ended its side after so many bytes of a header.
    case closedInHeader(byteCount: Int)

    /// A header to be sent has more bytes than its length can say, 65,535 behind the first 16.
    case notSendable(byteCount: Int)

    /// The transport is not one of this library's reactors.
    case unsupportedTransport
}

extension ProxyError: CustomStringConvertible {
    /// The error as a message.
    public var description: String {
        switch self {
        case .missing: "the peer sent no PROXY header, which is required of it"
        case .notTrusted: "the peer sent a PROXY header, and is not trusted to"
        case .lineTooLong: "the PROXY line did not end within \(ProxyLine.maximumLength) bytes"
        case .malformedLine(let what): "the PROXY line is malformed: \(MessageText.escaped(what))"
        case .unsupportedVersion(let version): "the PROXY header has the version \(version)"
        case .unsupportedCommand(let command): "the PROXY header has the unknown command \(command)"
        case .unsupportedFamily(let byte):
            "the PROXY header has the unknown address family \(byte >> 4) or transport protocol \(byte & 15)"
        case .tooLong(let count, let limit):
            "the PROXY header has \(count) bytes of addresses and extensions, more than maximumLength, \(limit)"
        case .tooShort(let count, let needed):
            "the PROXY header has \(count) bytes of addresses, which take \(needed)"
        case .malformedExtension(let type, let what): "the PROXY header's extension \(type) is malformed: \(what)"
        case .wrongChecksum: "the PROXY header's checksum is wrong"
        case .timedOut(let time): "the PROXY header was not complete within \(time)"
        case .closedInHeader(let count): "the peer ended its side \(count) bytes into the PROXY header"
        case .notSendable(let count): "a PROXY header of \(count) bytes cannot be sent"
        case .unsupportedTransport: "the PROXY protocol needs a connection of one of the library's reactors"
        }
    }
}
