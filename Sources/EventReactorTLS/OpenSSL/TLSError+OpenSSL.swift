import COpenSSL

extension TLSError {
    /// The error that OpenSSL's failure means.
    init(
        _ failure: OpenSSLFailure?, _ ssl: OpaquePointer?, alertSent: TLSAlert?, inHandshake: Bool,
        name: () -> String?
    ) {
        guard let failure else {
            self = inHandshake ? .handshakeFailed(alert: alertSent, message: "unknown error") : .truncated
            return
        }
        if let alert = failure.alertReceived {
            self = .alertReceived(alert)
            return
        }
        guard inHandshake else {
            self = .badRecord(message: failure.message)
            return
        }
        guard failure.library == ERR_LIB_SSL else {
            self = .handshakeFailed(alert: alertSent, message: failure.message)
            return
        }
        switch failure.reason {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            let code = Int32(truncatingIfNeeded: unsafe SSL_get_verify_result(ssl))
            if code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH, let name = name() {
                self = .wrongName(expected: name)
            } else {
                self = .untrusted(TLSVerifyFailure(code: code))
            }
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: self = .untrusted(.missing)
        case SSL_R_HTTP_REQUEST: self = .notTLS("it sent an HTTP request without encryption")
        case SSL_R_HTTPS_PROXY_REQUEST: self = .notTLS("it sent a CONNECT request without encryption")
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_BAD_RECORD_TYPE:
            self = .notTLS("what it sent is no TLS record (\(failure.message))")
        default: self = .handshakeFailed(alert: alertSent, message: failure.message)
        }
    }
}
