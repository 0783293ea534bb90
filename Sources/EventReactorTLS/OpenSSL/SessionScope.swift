import COpenSSL

/// The scope in which a server's sessions may be resumed, which OpenSSL calls the session id context.
///
/// Servers that share ticket keys may ask for client certificates in different ways, and a session carries a
/// certificate past that question; and one for a name must not be resumed for another (RFC 6066, section 3). So the
/// scope is a hash of how clients are verified, and of the name that the client asks for.
struct SessionScope: Sendable {
    private let verification: [UInt8]

    init(_ certificates: TLSServerSettings.ClientCertificates) {
        var text = ""
        switch certificates {
        case .none: text = "none"
        case .request(let trust): text = "request" + SessionScope.describe(trust)
        case .require(let trust): text = "require" + SessionScope.describe(trust)
        }
        verification = SessionScope.hash(Array(text.utf8))
    }

    /// The same for a client's sessions, as text.
    static func text(of settings: TLSClientSettings) -> String {
        let identity = settings.identity.map { hash($0.certificates.first ?? []) } ?? []
        return "\(settings.verification) \(describe(settings.trust)) \(identity)"
    }

    private static func describe(_ trust: TLSTrust) -> String {
        "\(trust.usesSystem) \(trust.files) \(trust.directories) \(trust.pem.map { hash($0) })"
    }

    /// Applies it to a connection whose client hello has arrived.
    func apply(to ssl: OpaquePointer?) {
        let name = unsafe SessionScope.serverName(of: ssl)
        let scope = SessionScope.hash(verification + name)
        unsafe SSL_set_session_id_context(ssl, scope, UInt32(scope.count))
    }

    /// The name in the client hello, in lower case; empty if there is none.
    private static func serverName(of ssl: OpaquePointer?) -> [UInt8] {
        var start: UnsafePointer<UInt8>?
        var count = 0
        guard unsafe SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_server_name), &start, &count) == 1 else {
            return []
        }
        // The length of the list, the kind of the name, its length; then the name.
        let header = 5
        let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
        guard count > header else { return [] }
        return unsafe bytes[header...].map { (65...90).contains($0) ? $0 | 0x20 : $0 }
    }

    private static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        unsafe EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil)
        return digest
    }
}
