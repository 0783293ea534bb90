/// A cipher suite, by its name in OpenSSL.
public struct TLSCipherSuite: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The name, as `openssl ciphers -v` lists it.
    public let rawValue: String

    /// A cipher suite by its name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The name.
    public var description: String { rawValue }

    /// AES-128 in Galois counter mode, for TLS 1.3.
    public static let aes128GCM = TLSCipherSuite(rawValue: "TLS_AES_128_GCM_SHA256")
    /// AES-256 in Galois counter mode, for TLS 1.3.
    public static let aes256GCM = TLSCipherSuite(rawValue: "TLS_AES_256_GCM_SHA384")
    /// ChaCha20-Poly1305, for TLS 1.3: the faster one without AES instructions.
    public static let chaCha20Poly1305 = TLSCipherSuite(rawValue: "TLS_CHACHA20_POLY1305_SHA256")

    /// Whether it is one of TLS 1.3, which are set apart.
    var isOfTLS13: Bool { rawValue.hasPrefix("TLS_") }

    /// For TLS 1.2: authenticated encryption with forward secrecy, and nothing else.
    static let defaults12 = "ECDHE+AESGCM:ECDHE+CHACHA20"
}
