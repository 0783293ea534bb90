/// An extension of a PROXY header of version 2: a type and a value (TLV).
///
/// ``ProxyHeader/authority`` and its neighbours read those that the protocol defines; types from 0xE0 to 0xEF are for
/// applications.
public struct ProxyExtension: Hashable, Sendable {
    /// The type, such as ``authority``.
    public let type: UInt8
    /// The bytes, whose meaning depends on the type.
    public let value: [UInt8]

    /// Makes an extension.
    ///
    /// - Throws: ``ProxyError/malformedExtension(type:_:)`` for a value of more than 65,535 bytes.
    public init(type: UInt8, value: [UInt8]) throws(ProxyError) {
        guard value.count <= Int(UInt16.max) else {
            throw .malformedExtension(type: type, "its \(value.count) bytes are more than a length can say")
        }
        self.init(unchecked: type, value)
    }

    private init(unchecked type: UInt8, _ value: [UInt8]) {
        self.type = type
        self.value = value
    }

    /// The type of the application's protocol, as TLS negotiates it (ALPN).
    public static let applicationProtocol: UInt8 = 0x01
    /// The type of the host name that the client asked for: with TLS, its SNI.
    public static let authority: UInt8 = 0x02
    /// The type of the header's checksum, which is checked and not kept.
    public static let checksum: UInt8 = 0x03
    /// The type of padding, which is not kept.
    public static let padding: UInt8 = 0x04
    /// The type of the connection's identity at the proxy.
    public static let uniqueID: UInt8 = 0x05
    /// The type of what is known of the client's TLS.
    public static let tls: UInt8 = 0x20
    /// The type of the name of the network namespace.
    public static let networkNamespace: UInt8 = 0x30

    /// The bytes of an extension before its value: type and length.
    static let prefixLength = 3

    /// Appends the extension as it is sent.
    func append(to bytes: inout [UInt8]) {
        bytes += [type, UInt8(value.count >> 8), UInt8(value.count & 0xFF)]
        bytes += value
    }

    /// The extensions in bytes, each with the index at which its value begins.
    ///
    /// - Throws: ``ProxyError/malformedExtension(type:_:)`` if the last is cut off.
    static func all(
        in bytes: ArraySlice<UInt8>
    ) throws(ProxyError) -> [(item: ProxyExtension, start: Int)] {
        var found: [(ProxyExtension, Int)] = []
        var rest = bytes
        while let type = rest.first {
            guard rest.count >= prefixLength else {
                throw .malformedExtension(type: type, "it is cut off before its length")
            }
            let start = rest.startIndex + prefixLength
            let count = Int(rest[start - 2]) << 8 | Int(rest[start - 1])
            guard rest.endIndex - start >= count else {
                throw .malformedExtension(
                    type: type, "\(count) bytes are announced, and \(rest.endIndex - start) are there")
            }
            found.append((ProxyExtension(unchecked: type, [UInt8](rest[start..<start + count])), start))
            rest = rest[(start + count)...]
        }
        return found
    }
}
