import EventReactorTLS

/// Certificates and keys in PEM format: a typed error, or an identity whose facts can be read.
///
/// There is no target for PKCS#12, nor for encrypted keys: such a file says itself how many rounds of hashing its key
/// takes, up to hours, and is the operator's own.
enum IdentityTargets {
    static let all: [String: FuzzTarget] = [
        "pem": { input in
            let bytes = [UInt8](input)
            do throws(TLSError) {
                let identity = try TLSIdentity.pem(chainBytes: bytes, keyBytes: bytes)
                precondition(!identity.certificates.isEmpty, "an identity without a certificate")
                _ = identity.validity
            } catch {
                precondition(!error.description.isEmpty, "an error without a word")
            }
        }
    ]

    static let recordings: [String: @Sendable () -> [[UInt8]]] = ["pem": { [FuzzIdentity.text] }]
}
