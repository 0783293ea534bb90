import COpenSSL

/// A version of TLS; older ones are not spoken.
public enum TLSVersion: Int, Comparable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// TLS 1.2, RFC 5246.
    case tls12 = 2

    /// TLS 1.3, RFC 8446.
    case tls13 = 3

    /// The version as text.
    public var description: String { "TLS 1.\(rawValue)" }

    /// Whether a version is older than another.
    public static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }

    /// OpenSSL's number.
    var number: Int { self == .tls12 ? Int(TLS1_2_VERSION) : Int(TLS1_3_VERSION) }

    init?(number: Int32) {
        switch number {
        case TLS1_2_VERSION: self = .tls12
        case TLS1_3_VERSION: self = .tls13
        default: return nil
        }
    }
}
