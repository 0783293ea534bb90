import COpenSSL
import EventReactorCore

/// A name or an address that a server has to prove, as RFC 9525 has it: names in the certificate's list of names alone,
/// with whole labels as wildcards, and addresses as such.
struct ServerName: Hashable, Sendable {
    let text: String
    let isAddress: Bool

    /// Checks a name; a dot at its end, and an address's scope, are left out.
    init(_ given: String) throws(TLSError) {
        let bare = String(given.prefix { $0 != "%" })
        if ServerName.isAddress(bare) {
            text = bare
            isAddress = true
            return
        }
        let name = given.hasSuffix(".") ? String(given.dropLast()) : given
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                            true
                        default: false
                        }
                    }
            }
        // Digits alone would be an address in a form that certificates do not have, such as 127.1.
        let isNumeric = labels.last?.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        guard isName, !isNumeric else { throw .invalidServerName(given) }
        text = name
        isAddress = false
    }

    private static func isAddress(_ text: String) -> Bool {
        guard let bytes = unsafe a2i_IPADDRESS(text) else {
            ERR_clear_error()
            return false
        }
        unsafe ASN1_OCTET_STRING_free(bytes)
        return true
    }

    /// Has a connection send the name, and verify it.
    func set(on ssl: OpaquePointer, verifies: Bool) -> Bool {
        if !isAddress {
            let isSet = unsafe text.withCString { name in
                unsafe SSL_ctrl(
                    ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                    UnsafeMutableRawPointer(mutating: name)) == 1
            }
            guard isSet else { return false }
        }
        guard verifies else { return true }
        let parameters = unsafe SSL_get0_param(ssl)
        unsafe X509_VERIFY_PARAM_set_hostflags(
            parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        if isAddress { return unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, text) == 1 }
        return unsafe X509_VERIFY_PARAM_set1_host(parameters, text, 0) == 1
    }
}
