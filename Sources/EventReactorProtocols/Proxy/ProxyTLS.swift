/// The client's TLS, as a proxy that ended it reports it in a PROXY header.
public struct ProxyTLS: Hashable, Sendable {
    /// Whether the client uses TLS.
    public let isUsed: Bool
    /// Whether the client showed a certificate over this connection.
    public let hasCertificate: Bool
    /// Whether the client showed a certificate at least once in the TLS session that this connection belongs to.
    public let hasCertificateInSession: Bool
    /// The result of verifying the certificate: 0 if there was one and it is good.
    public let verifyResult: UInt32
    /// The version of TLS, such as `TLSv1.3`.
    public let version: String?
    /// The common name in the client's certificate.
    public let commonName: String?
    /// The cipher, such as `ECDHE-RSA-AES128-GCM-SHA256`.
    public let cipher: String?
    /// The algorithm of the signature of the proxy's certificate, such as `SHA256`.
    public let signatureAlgorithm: String?
    /// The algorithm and size of the key of the proxy's certificate, such as `RSA2048`.
    public let keyAlgorithm: String?

    /// Whether the client showed a certificate, in this connection or before in its session, that the proxy verified.
    public var isVerified: Bool { (hasCertificate || hasCertificateInSession) && verifyResult == 0 }

    /// Reads the value of an extension of the type ``ProxyExtension/tls``.
    init(_ value: [UInt8]) throws(ProxyError) {
        guard value.count >= 5 else {
            throw .malformedExtension(type: ProxyExtension.tls, "its \(value.count) bytes are fewer than 5")
        }
        isUsed = value[0] & 1 != 0
        hasCertificate = value[0] & 2 != 0
        hasCertificateInSession = value[0] & 4 != 0
        verifyResult = value[1..<5].reduce(0) { $0 << 8 | UInt32($1) }
        let parts = try ProxyExtension.all(in: value[5...]).map(\.item)
        func text(_ type: UInt8) -> String? {
            parts.first { $0.type == type }.flatMap { String(validating: $0.value, as: UTF8.self) }
        }
        version = text(0x21)
        commonName = text(0x22)
        cipher = text(0x23)
        signatureAlgorithm = text(0x24)
        keyAlgorithm = text(0x25)
    }
}
