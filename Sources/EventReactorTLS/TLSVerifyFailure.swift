import COpenSSL

/// The reason why a certificate was not trusted.
public struct TLSVerifyFailure: Hashable, Sendable, CustomStringConvertible {
    /// Kinds of reasons.
    public enum Kind: Sendable {
        /// The certificate, or one of its chain, has expired.
        case expired
        /// The certificate, or one of its chain, is not valid yet.
        case notYetValid
        /// No trusted authority has signed the chain, or a certificate of it is missing.
        case unknownIssuer
        /// It is signed by itself, and not trusted.
        case selfSigned
        /// It is not for this use: a client's certificate on a server, for example.
        case wrongUse
        /// One of the chain may not sign others, or not so many, or not for such names.
        case constraint
        /// It has been revoked.
        case revoked
        /// A signature is wrong.
        case badSignature
        /// A key or a signature of the chain is too weak.
        case weak
        /// None was sent.
        case missing
        /// Another reason: see ``code``.
        case other
    }

    /// The kind of the reason.
    public let kind: Kind
    /// OpenSSL's code, one of `X509_V_ERR_…`.
    public let code: Int32

    init(code: Int32) {
        self.code = code
        kind = TLSVerifyFailure.kinds[code] ?? .other
    }

    /// The certificate that had to come did not.
    public static let missing = TLSVerifyFailure(kind: .missing, code: X509_V_OK)

    private init(kind: Kind, code: Int32) {
        self.kind = kind
        self.code = code
    }

    private static let kinds: [Int32: Kind] = [
        X509_V_ERR_CERT_HAS_EXPIRED: .expired, X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid,
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT: .unknownIssuer,
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: .unknownIssuer,
        X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: .unknownIssuer, X509_V_ERR_CERT_UNTRUSTED: .unknownIssuer,
        X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: .unknownIssuer, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: .selfSigned,
        X509_V_ERR_INVALID_PURPOSE: .wrongUse, X509_V_ERR_INVALID_CA: .constraint,
        X509_V_ERR_PATH_LENGTH_EXCEEDED: .constraint, X509_V_ERR_CERT_CHAIN_TOO_LONG: .constraint,
        X509_V_ERR_KEYUSAGE_NO_CERTSIGN: .constraint, X509_V_ERR_PERMITTED_VIOLATION: .constraint,
        X509_V_ERR_EXCLUDED_VIOLATION: .constraint, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION: .constraint,
        X509_V_ERR_CERT_REVOKED: .revoked, X509_V_ERR_CERT_SIGNATURE_FAILURE: .badSignature,
        X509_V_ERR_EE_KEY_TOO_SMALL: .weak, X509_V_ERR_CA_KEY_TOO_SMALL: .weak, X509_V_ERR_CA_MD_TOO_WEAK: .weak,
    ]

    /// The reason in OpenSSL's words.
    public var description: String {
        if kind == .missing { return "no certificate was sent" }
        return unsafe X509_verify_cert_error_string(Int(code)).map { unsafe String(cString: $0) } ?? "error \(code)"
    }
}
