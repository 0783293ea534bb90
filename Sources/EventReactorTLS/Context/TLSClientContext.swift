import COpenSSL
public import EventReactorCore

/// A client's side of TLS, made once: for all its connections, on any number of reactors and threads.
///
/// ```swift
/// let context = try TLSClientContext()
/// try reactor.connect(.tcp(host: "example.org", port: 443).tls(context)) { Client() } onFailure: { print($0) }
/// ```
///
/// Making one may read files: it takes 0.3 ms with a directory of certificates, and 30 ms with one file of all of them.
public final class TLSClientContext: Sendable {
    /// The settings that it was made with.
    public let settings: TLSClientSettings

    private let context: SSLContext
    /// Sessions are resumed by contexts alone that verify as the one that made them, and show the same certificate.
    private let sessionScope: String

    /// Makes a context.
    ///
    /// - Parameter settings: the defaults verify the server's chain and name by what the system trusts.
    /// - Throws: ``TLSError`` if a setting has a value that it cannot have.
    public init(_ settings: TLSClientSettings = TLSClientSettings()) throws(TLSError) {
        self.settings = settings
        sessionScope = SessionScope.text(of: settings)
        let callbacks = try ContextCallbacks(
            applicationProtocols: settings.applicationProtocols, keyLog: settings.keyLog)
        context = try SSLContext(
            server: false, settings, callbacks: callbacks)
        if let name = settings.serverName { _ = try ServerName(name) }
        if let identity = settings.identity, unsafe !identity.use(forContext: context.pointer) {
            throw .badIdentity(OpenSSLFailure.takeMessage(or: "OpenSSL refuses it"))
        }
        if !callbacks.applicationProtocols.isEmpty {
            let wire = callbacks.applicationProtocols
            // 0 is success here.
            guard unsafe SSL_CTX_set_alpn_protos(context.pointer, wire, UInt32(wire.count)) == 0 else {
                throw .badSetting("the application protocols cannot be set")
            }
        }
        if settings.verification == .unsafelyNone {
            unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_NONE, nil)
        } else {
            try unsafe settings.trust.load(into: context.pointer)
            unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        }
        let keeps = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE
        _ = unsafe SSL_CTX_ctrl(
            context.pointer, SSL_CTRL_SET_SESS_CACHE_MODE,
            Int(settings.sessions == nil ? SSL_SESS_CACHE_OFF : keeps), nil)
        unsafe SSL_CTX_sess_set_new_cb(context.pointer) { ssl, session in
            guard let session = unsafe session, let layer = unsafe TLSLayer.of(ssl) else { return 0 }
            return unsafe layer.keep(session) ? 1 : 0
        }
    }

    /// A protocol that speaks TLS with the peer, as its client, and the plaintext with another protocol.
    ///
    /// It is for what has no endpoint: `adoptStreamConnection`, or `TestTransport`.
    ///
    /// - Parameter serverName: the name that the server has to prove; nil for that of the settings.
    /// - Throws: ``TLSError/invalidServerName(_:)``, also if there is none and it has to be verified.
    public func secured(_ protocol: Protocol, serverName: String? = nil) throws(TLSError) -> Protocol {
        TLSLayer(TLSHandshake(.client(self, try name(serverName), cacheKey: nil), serving: `protocol`))
    }

    /// The name to verify and to send, of what the program gave.
    func name(_ given: String?) throws(TLSError) -> ServerName? {
        if let name = settings.serverName ?? given { return try ServerName(name) }
        guard settings.verification != .full else { throw .invalidServerName("") }
        return nil
    }

    /// A new connection of OpenSSL's, in the role of a client.
    func makeConnection(to name: ServerName?, session: TLSSessionCache.Session?) -> OpaquePointer? {
        guard let ssl = unsafe context.makeConnection() else { return nil }
        unsafe SSL_set_connect_state(ssl)
        var isSet = true
        if let name { isSet = unsafe name.set(on: ssl, verifies: settings.verification == .full) }
        if settings.requestsStapledResponse {
            _ = unsafe SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, Int(TLSEXT_STATUSTYPE_ocsp), nil)
        }
        if let session { isSet = unsafe SSL_set_session(ssl, session.pointer) == 1 && isSet }
        guard isSet else {
            unsafe SSL_free(ssl)
            return nil
        }
        return unsafe ssl
    }
}

extension TLSClientContext: ClientLayer {
    package func makeLayer(
        to endpoint: ClientEndpoint, ready: @escaping () -> Protocol?,
        failed: @escaping (ConnectError) -> Void
    ) -> Protocol {
        let peer = endpoint.description
        let role: TLSHandshake.Role
        do throws(TLSError) {
            let name = try name(endpoint.host)
            role = .client(self, name, cacheKey: "\(sessionScope) \(name?.text ?? "") \(peer)")
        } catch {
            role = .impossible(error)
        }
        return TLSLayer(TLSHandshake(role, peer: peer, ready: ready, failed: failed))
    }
}
