import COpenSSL
public import EventReactorCore

/// A server's side of TLS, made once: for all its connections, on any number of reactors and threads.
///
/// ```swift
/// let context = try TLSServerContext(identity: .pem(chain: "server.pem", key: "server.key"))
/// try reactor.listen(.tcp(port: 8443).tls(context)) { Echo() }
/// ```
public final class TLSServerContext: Sendable {
    /// The settings that it was made with; the identity may have been replaced since.
    public let settings: TLSServerSettings

    private struct Current {
        var context: SSLContext
        var identity: TLSIdentity
    }

    private let current: Locked<Current>
    private let ticketKeys: RotatingTicketKeys

    /// Makes a context.
    ///
    /// - Throws: ``TLSError`` if a setting has a value that it cannot have.
    public init(_ settings: TLSServerSettings) throws(TLSError) {
        self.settings = settings
        ticketKeys = RotatingTicketKeys(settings.ticketKeys)
        let context = try TLSServerContext.make(
            settings, settings.identity, ticketKeys, stapled: settings.stapledResponse)
        current = Locked(Current(context: context, identity: settings.identity))
    }

    /// Makes a context with an identity and the default settings.
    public convenience init(identity: TLSIdentity) throws(TLSError) {
        try self.init(TLSServerSettings(identity: identity))
    }

    /// Shows another identity from now on: a renewed certificate, for example.
    ///
    /// Live connections and those in their handshake keep theirs. It may be called on any thread.
    ///
    /// - Parameter stapledResponse: the OCSP response of the new certificate, if there is one.
    /// - Throws: ``TLSError/badIdentity(_:)``; the last identity stays then.
    public func replaceIdentity(with identity: TLSIdentity, stapledResponse: [UInt8]? = nil) throws(TLSError) {
        let made = try TLSServerContext.make(settings, identity, ticketKeys, stapled: stapledResponse)
        current.withLock { $0 = Current(context: made, identity: identity) }
    }

    /// Staples another OCSP response from now on.
    public func replaceStapledResponse(with response: [UInt8]?) throws(TLSError) {
        try replaceIdentity(with: current.withLock { $0.identity }, stapledResponse: response)
    }

    /// A protocol that speaks TLS with the peer, as its server, and the plaintext with another protocol.
    ///
    /// It is for what has no endpoint: `adoptStreamConnection`, or `TestTransport`.
    public func secured(_ protocol: Protocol) -> Protocol {
        TLSLayer(TLSHandshake(.server(self), serving: `protocol`))
    }

    /// A new connection of OpenSSL's, in the role of a server.
    func makeConnection() -> OpaquePointer? {
        guard let ssl = unsafe current.withLock({ $0.context }).makeConnection() else { return nil }
        unsafe SSL_set_accept_state(ssl)
        return unsafe ssl
    }

    private static func make(
        _ settings: TLSServerSettings, _ identity: TLSIdentity, _ ticketKeys: RotatingTicketKeys, stapled: [UInt8]?
    ) throws(TLSError) -> SSLContext {
        guard (0...16).contains(settings.ticketCount) else {
            throw .badSetting("the number of tickets is 0 to 16, not \(settings.ticketCount)")
        }
        let callbacks = try ContextCallbacks(
            applicationProtocols: settings.applicationProtocols,
            refusesUnknownProtocols: settings.refusesUnknownProtocols,
            identityForServerName: settings.identityForServerName, ticketKeys: ticketKeys, stapledResponse: stapled,
            sessionScope: SessionScope(settings.clientCertificates), keyLog: settings.keyLog)
        let context = try SSLContext(
            server: true, settings, callbacks: callbacks)
        guard unsafe identity.use(forContext: context.pointer) else {
            throw .badIdentity(OpenSSLFailure.takeMessage(or: "OpenSSL refuses it"))
        }
        unsafe callbacks.setUp(context.pointer)
        _ = unsafe SSL_CTX_set_num_tickets(context.pointer, settings.ticketCount)
        if settings.ticketCount == 0 { unsafe SSL_CTX_set_options(context.pointer, OPENSSL_OPTION_NO_TICKET) }
        // Sessions are in the tickets, so that they need no memory here and survive this process.
        _ = unsafe SSL_CTX_ctrl(context.pointer, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        switch settings.clientCertificates {
        case .none: unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_NONE, nil)
        case .request(let trust): try ask(context, SSL_VERIFY_PEER, trust)
        case .require(let trust): try ask(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, trust)
        }
        return context
    }

    private static func ask(_ context: SSLContext, _ mode: Int32, _ trust: TLSTrust) throws(TLSError) {
        try unsafe trust.load(into: context.pointer, announcing: true)
        unsafe SSL_CTX_set_verify(context.pointer, mode, nil)
    }
}

extension TLSServerContext: ServerLayer {
    package func wrap(_ factory: Factory) -> Factory {
        TLSFactory(self, factory)
    }
}
