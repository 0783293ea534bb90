import COpenSSL

/// A certificate, retained.
///
/// `@unchecked Sendable`: it is not changed once it is made, and OpenSSL counts its references atomically.
@safe
final class Certificate: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over a reference.
    init(taking pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe X509_free(pointer)
    }

    /// The certificate's bytes, by DER.
    var der: [UInt8] {
        let count = Int(unsafe i2d_X509(pointer, nil))
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            var next = buffer.baseAddress
            written = Int(unsafe i2d_X509(pointer, &next))
        }
    }

    /// The name that it was made for, as one line.
    var subject: String { unsafe Certificate.text(X509_get_subject_name(pointer)) }

    /// When it becomes valid, and until when it is, in seconds of Unix time.
    var validity: ClosedRange<Int64>? {
        guard let start = unsafe Certificate.seconds(X509_get0_notBefore(pointer)),
            let end = unsafe Certificate.seconds(X509_get0_notAfter(pointer)), start <= end
        else { return nil }
        return start...end
    }

    /// Whether the other one can have signed it, by its name and extensions.
    func isIssued(by other: Certificate) -> Bool { unsafe X509_check_issued(other.pointer, pointer) == X509_V_OK }

    private static func text(_ name: OpaquePointer?) -> String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        unsafe X509_NAME_print_ex(bio, name, 0, OPENSSL_NAME_ONE_LINE)
        return unsafe MemoryBIO.contents(of: bio)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return unsafe Int64(timegm(&parts))
    }
}
