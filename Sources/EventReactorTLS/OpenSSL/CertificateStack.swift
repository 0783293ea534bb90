import COpenSSL

/// OpenSSL's lists of certificates.
enum CertificateStack {
    /// The certificates of a list, which is freed.
    static func taking(_ stack: OpaquePointer?) -> [Certificate] {
        defer { unsafe OPENSSL_sk_free(stack) }
        return unsafe pointers(of: stack).map { unsafe Certificate(taking: $0) }
    }

    /// The certificates of a list that stays its owner's.
    static func retaining(_ stack: OpaquePointer?) -> [Certificate] {
        unsafe pointers(of: stack).map { pointer in
            unsafe X509_up_ref(pointer)
            return unsafe Certificate(taking: pointer)
        }
    }

    /// Calls a closure with a list of the certificates, or nil if there are none.
    static func with<Result>(_ certificates: [Certificate], _ body: (OpaquePointer?) -> Result) -> Result {
        guard !certificates.isEmpty else { return body(nil) }
        let stack = unsafe OPENSSL_sk_new_null()
        defer { unsafe OPENSSL_sk_free(stack) }
        for certificate in certificates { unsafe OPENSSL_sk_push(stack, UnsafeRawPointer(certificate.pointer)) }
        return unsafe body(stack)
    }

    private static func pointers(of stack: OpaquePointer?) -> [OpaquePointer] {
        unsafe (0..<max(0, OPENSSL_sk_num(stack))).compactMap { index in
            unsafe OPENSSL_sk_value(stack, index).map { OpaquePointer($0) }
        }
    }
}
