import COpenSSL
import EventReactorCore

/// A certificate, the chain of those that vouch for it, and its private key: what an end shows of itself.
///
/// ```swift
/// let identity = try TLSIdentity.pem(chain: "server.pem", key: "server.key")
/// ```
///
/// It is checked when it is loaded: the key belongs to the certificate, and each certificate of the chain is followed
/// by its issuer. One that has expired loads, since a clock may be wrong: ``validity`` says until when it is good.
///
/// `@unchecked Sendable`: it is not changed once it is made, and OpenSSL counts references atomically.
@safe
public final class TLSIdentity: @unchecked Sendable {
    let certificate: Certificate
    let chain: [Certificate]
    let key: OpaquePointer

    private init(certificate: Certificate, chain: [Certificate], takingKey key: OpaquePointer) throws(TLSError) {
        self.certificate = certificate
        self.chain = chain
        unsafe self.key = key
        guard unsafe X509_check_private_key(certificate.pointer, key) == 1 else {
            ERR_clear_error()
            if chain.contains(where: { unsafe X509_check_private_key($0.pointer, key) == 1 }) {
                ERR_clear_error()
                throw .badIdentity("the certificate of the key has to be the first of the chain, and is not")
            }
            ERR_clear_error()
            throw .badIdentity("the key does not belong to the certificate \(certificate.subject)")
        }
        for (issued, issuer) in zip([certificate] + chain, chain) where !issued.isIssued(by: issuer) {
            throw .badIdentity(
                "the chain is out of order: \(issued.subject) is followed by \(issuer.subject), which did not issue it")
        }
    }

    deinit {
        unsafe EVP_PKEY_free(key)
    }

    // MARK: Loading

    /// Loads an identity from files in PEM format; blocks while it reads them.
    ///
    /// - Parameters:
    ///   - chain: path of the certificate, followed in the same file by those that vouch for it, up to but not
    ///     necessarily with a root.
    ///   - key: path of the private key, encrypted or not; it may be the same file.
    ///   - passphrase: decrypts the key; there is no prompt for one.
    /// - Throws: ``TLSError/badIdentity(_:)``, which says what is wrong with which.
    public static func pem(chain: String, key: String, passphrase: String? = nil) throws(TLSError) -> TLSIdentity {
        try pem(chainBytes: bytes(of: chain), keyBytes: bytes(of: key), passphrase: passphrase)
    }

    /// Makes an identity of bytes in PEM format; otherwise as ``pem(chain:key:passphrase:)``.
    public static func pem(
        chainBytes: [UInt8], keyBytes: [UInt8], passphrase: String? = nil
    ) throws(TLSError) -> TLSIdentity {
        let certificates = try PEM.certificates(chainBytes)
        guard let first = certificates.first else { throw .badIdentity("there is no certificate in the PEM text") }
        return try unsafe TLSIdentity(
            certificate: first, chain: Array(certificates.dropFirst()),
            takingKey: PEM.privateKey(keyBytes, passphrase: passphrase))
    }

    /// Loads an identity from a PKCS#12 file; blocks while it reads it.
    ///
    /// - Throws: ``TLSError/badIdentity(_:)``, for a wrong passphrase too.
    public static func pkcs12(path: String, passphrase: String) throws(TLSError) -> TLSIdentity {
        try pkcs12(bytes: bytes(of: path), passphrase: passphrase)
    }

    /// Makes an identity of bytes in PKCS#12 format.
    public static func pkcs12(bytes: [UInt8], passphrase: String) throws(TLSError) -> TLSIdentity {
        ERR_clear_error()
        var key: OpaquePointer?
        var leaf: OpaquePointer?
        var others: OpaquePointer?
        let isRead =
            unsafe MemoryBIO.reading(bytes) { bio in
                guard let store = unsafe d2i_PKCS12_bio(bio, nil) else { return false }
                defer { unsafe PKCS12_free(store) }
                return unsafe PKCS12_parse(store, passphrase, &key, &leaf, &others) == 1
            } ?? false
        let chain = unsafe CertificateStack.taking(others)
        guard isRead, let key = unsafe key else {
            unsafe X509_free(leaf)
            throw .badIdentity("the PKCS#12 data cannot be read: \(OpenSSLFailure.takeMessage(or: "it has no key"))")
        }
        guard let leaf = unsafe leaf else {
            unsafe EVP_PKEY_free(key)
            throw .badIdentity("the PKCS#12 data has no certificate for its key")
        }
        return try unsafe TLSIdentity(certificate: Certificate(taking: leaf), chain: chain, takingKey: key)
    }

    private static func bytes(of path: String) throws(TLSError) -> [UInt8] {
        switch FileBytes.contents(of: path) {
        case .success(let bytes): return bytes
        case .failure(let error): throw .badIdentity(error.message)
        }
    }

    // MARK: Questions

    /// When the certificate becomes valid, and until when it is, in seconds since 1970 (Unix time); nil if its times
    /// cannot be read.
    public var validity: ClosedRange<Int64>? { certificate.validity }

    /// The certificate and its chain, each by DER.
    public var certificates: [[UInt8]] { ([certificate] + chain).map(\.der) }

    /// Has a connection, or all of a context, show this identity.
    func use(for ssl: OpaquePointer) -> Bool {
        unsafe CertificateStack.with(chain) { unsafe SSL_use_cert_and_key(ssl, certificate.pointer, key, $0, 1) == 1 }
    }

    func use(forContext context: OpaquePointer) -> Bool {
        unsafe CertificateStack.with(chain) {
            unsafe SSL_CTX_use_cert_and_key(context, certificate.pointer, key, $0, 1) == 1
        }
    }
}
