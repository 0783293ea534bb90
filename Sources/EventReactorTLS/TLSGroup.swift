/// A group for agreeing on keys, by its name in OpenSSL.
public struct TLSGroup: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The name, such as `X25519`.
    public let rawValue: String

    /// A group by its name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The name.
    public var description: String { rawValue }

    /// OpenSSL's own defaults have finite fields of up to 8,192 bits, of which a handshake takes 180 ms of a server.
    static let defaults: [TLSGroup] = [.x25519, .p256, .p384]

    /// Curve25519.
    public static let x25519 = TLSGroup(rawValue: "X25519")
    /// NIST's P-256.
    public static let p256 = TLSGroup(rawValue: "P-256")
    /// NIST's P-384.
    public static let p384 = TLSGroup(rawValue: "P-384")
    /// NIST's P-521.
    public static let p521 = TLSGroup(rawValue: "P-521")
    /// Curve448.
    public static let x448 = TLSGroup(rawValue: "X448")
}
