import COpenSSL
import EventReactorCore

/// OpenSSL's context, retained, with the callbacks that belong to it.
///
/// `@unchecked Sendable`: it is not changed once it is set up, and OpenSSL counts its references atomically.
@safe
final class SSLContext: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Makes a context with the settings that all have in common.
    ///
    /// - Parameter callbacks: retained by the context for as long as there is a connection of it.
    init(server: Bool, _ common: any CommonTLSSettings, callbacks: ContextCallbacks) throws(TLSError) {
        ERR_clear_error()
        guard let made = unsafe SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()) else {
            throw .badSetting("no context can be made: \(OpenSSLFailure.takeMessage(or: "out of memory"))")
        }
        unsafe pointer = made
        unsafe ContextCallbacks.attach(callbacks, to: made)
        unsafe SSL_CTX_set_options(
            made,
            OPENSSL_OPTION_NO_RENEGOTIATION | OPENSSL_OPTION_NO_COMPRESSION | OPENSSL_OPTION_SERVER_PREFERENCE
                | OPENSSL_OPTION_PRIORITIZE_CHACHA)
        _ = unsafe SSL_CTX_ctrl(made, SSL_CTRL_MODE, Int(SSL_MODE_RELEASE_BUFFERS), nil)
        _ = unsafe SSL_CTX_ctrl(made, SSL_CTRL_SET_READ_AHEAD, 0, nil)
        // Weaker than 112 bits is refused whatever the system's configuration says.
        unsafe SSL_CTX_set_security_level(made, 2)
        try set(common)
        if common.keyLog != nil {
            unsafe SSL_CTX_set_keylog_callback(made) { ssl, line in
                guard let line = unsafe line else { return }
                unsafe ContextCallbacks.of(ssl)?.keyLog?(String(cString: line))
            }
        }
        unsafe SSL_CTX_set_info_callback(made) { ssl, place, code in
            guard place & SSL_CB_ALERT != 0, place & SSL_CB_WRITE != 0 else { return }
            unsafe RecordBuffers.of(SSL_get_wbio(ssl))?.alertSent = TLSAlert(rawValue: UInt8(code & 0xFF))
        }
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
    }

    private func set(_ common: any CommonTLSSettings) throws(TLSError) {
        if let maximum = common.maximumVersion, maximum < common.minimumVersion {
            throw .badSetting("the newest version, \(maximum), is older than the oldest, \(common.minimumVersion)")
        }
        _ = unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, common.minimumVersion.number, nil)
        _ = unsafe SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, common.maximumVersion?.number ?? 0, nil)
        let older = common.cipherSuites?.filter { !$0.isOfTLS13 } ?? []
        let newer = common.cipherSuites?.filter(\.isOfTLS13) ?? []
        let list = older.isEmpty ? TLSCipherSuite.defaults12 : older.map(\.rawValue).joined(separator: ":")
        guard unsafe SSL_CTX_set_cipher_list(pointer, list) == 1 else {
            throw .badSetting("no cipher suite of \(list) is known: \(OpenSSLFailure.takeMessage(or: ""))")
        }
        if !newer.isEmpty {
            let list = newer.map(\.rawValue).joined(separator: ":")
            guard unsafe SSL_CTX_set_ciphersuites(pointer, list) == 1 else {
                throw .badSetting("not all cipher suites of \(list) are known: \(OpenSSLFailure.takeMessage(or: ""))")
            }
        }
        do {
            let list = (common.groups ?? TLSGroup.defaults).map(\.rawValue).joined(separator: ":")
            let isSet = unsafe list.withCString { names in
                unsafe SSL_CTX_ctrl(
                    pointer, SSL_CTRL_SET_GROUPS_LIST, 0, UnsafeMutableRawPointer(mutating: names)) == 1
            }
            guard isSet else { throw .badSetting("not all groups of \(list) are known") }
        }
        ERR_clear_error()
    }

    /// A new connection of it.
    func makeConnection() -> OpaquePointer? { unsafe SSL_new(pointer) }
}
