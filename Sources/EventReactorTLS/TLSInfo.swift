import COpenSSL
import EventReactorCore

/// Result of the handshake of a TLS connection.
public struct TLSInfo: Sendable {
    /// The version of TLS.
    public let version: TLSVersion
    /// The cipher suite.
    public let cipherSuite: TLSCipherSuite
    /// The protocol of the application (ALPN); nil if none was agreed on.
    public let applicationProtocol: String?
    /// The name that the client asked for (SNI); nil if it sent none.
    ///
    /// On a server it is the client's word alone.
    public let serverName: String?
    /// Whether a session was resumed.
    public let isResumed: Bool
    /// The peer's certificate and those that it sent with it, each by DER; empty if it sent none.
    ///
    /// If a session was resumed it may be the certificate alone.
    public let peerCertificates: [[UInt8]]
    /// The stapled OCSP response that a server sent, by DER; nil if there is none.
    ///
    /// It has not been checked.
    public let stapledResponse: [UInt8]?

    init?(_ ssl: OpaquePointer) {
        guard let version = TLSVersion(number: unsafe SSL_version(ssl)) else { return nil }
        self.version = version
        let cipher = unsafe SSL_get_current_cipher(ssl)
        cipherSuite = TLSCipherSuite(
            rawValue: unsafe SSL_CIPHER_get_name(cipher).map { unsafe String(cString: $0) } ?? "")
        var chosen: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &chosen, &count)
        applicationProtocol = unsafe chosen.map {
            unsafe String(decoding: UnsafeBufferPointer(start: $0, count: Int(count)), as: UTF8.self)
        }
        serverName = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
        isResumed = unsafe SSL_session_reused(ssl) == 1
        var certificates: [[UInt8]] = []
        if let leaf = unsafe SSL_get1_peer_certificate(ssl) {
            certificates.append(unsafe Certificate(taking: leaf).der)
        }
        // A client's list begins with the peer's certificate, a server's does not.
        for certificate in unsafe CertificateStack.retaining(SSL_get_peer_cert_chain(ssl)) {
            let der = certificate.der
            if der != certificates.first { certificates.append(der) }
        }
        peerCertificates = certificates
        var response: UnsafeMutablePointer<UInt8>?
        let length = unsafe withUnsafeMutablePointer(to: &response) {
            unsafe SSL_ctrl(ssl, SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, $0)
        }
        stapledResponse =
            length > 0 ? unsafe Array(UnsafeBufferPointer(start: response, count: length)) : nil
    }
}
