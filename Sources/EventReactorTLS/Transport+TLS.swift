import COpenSSL
public import EventReactorCore

extension Transport {
    /// Result of the handshake; nil if the connection does not use TLS, before the handshake is complete, and
    /// after the loss.
    ///
    /// It is made at each access: keep it rather than asking often.
    public var tls: TLSInfo? {
        guard let layer = tlsLayer, layer.phase == .open, let ssl = unsafe layer.ssl else { return nil }
        return unsafe TLSInfo(ssl)
    }

    /// Bytes that both ends can derive from the connection's secrets, and no one else (RFC 5705, RFC 8446 section 7.5).
    ///
    /// - Parameters:
    ///   - label: of the purpose, which the application's standard gives.
    ///   - context: further bytes of that standard; nil for none.
    ///   - byteCount: how many.
    /// - Returns: the bytes; nil under the conditions of ``tls``, and if OpenSSL refuses the label.
    public func tlsKeyingMaterial(label: String, context: [UInt8]? = nil, byteCount: Int) -> [UInt8]? {
        guard let layer = tlsLayer, layer.phase == .open, let ssl = unsafe layer.ssl, byteCount > 0 else { return nil }
        var made = [UInt8](repeating: 0, count: byteCount)
        let isMade = unsafe SSL_export_keying_material(
            ssl, &made, byteCount, label, label.utf8.count, context ?? [], context?.count ?? 0,
            context == nil ? 0 : 1)
        ERR_clear_error()
        return isMade == 1 ? made : nil
    }

    /// Starts TLS on this connection as its server, after a command of the application's protocol such as STARTTLS.
    ///
    /// Bytes written before go out as plaintext. Bytes written from now on wait for the handshake, and go out
    /// by TLS; ``Protocol/transport`` is another object from now on, so read it again. A failed handshake ends the
    /// connection, with a ``TLSError`` in ``ConnectionLostReason/failed(_:)``.
    ///
    /// - Parameters:
    ///   - context: how to speak TLS.
    ///   - next: a protocol that takes over: it gets `connectionMade` when the handshake is complete, and the one that
    ///     starts TLS is called no more. Unless given, the same protocol goes on, without a callback.
    ///   - unconsumed: the number of bytes behind the command that arrived with it. There must be none, since an
    ///     attacker on the way can have put them there. The receivers of EventReactorProtocols count them by themselves.
    /// - Throws: ``TLSError``; nothing has changed then.
    public func startTLS(
        _ context: TLSServerContext, continuingAs next: Protocol? = nil, unconsumed: Int = 0
    ) throws(TLSError) {
        try startTLS(.server(context), next, unconsumed)
    }

    /// Starts TLS on this connection as its client; otherwise as ``startTLS(_:continuingAs:unconsumed:)`` of a server.
    ///
    /// - Parameter serverName: the name that the server has to prove; nil for that of the context's settings.
    /// - Throws: ``TLSError``; also if there is no name and it has to be verified. Nothing has changed then.
    public func startTLS(
        _ context: TLSClientContext, serverName: String? = nil, continuingAs next: Protocol? = nil,
        unconsumed: Int = 0
    ) throws(TLSError) {
        try startTLS(.client(context, try context.name(serverName), cacheKey: nil), next, unconsumed)
    }

    private func startTLS(_ role: TLSHandshake.Role, _ next: Protocol?, _ unconsumed: Int) throws(TLSError) {
        guard let lower = self as? StreamConnection else { throw .unsupportedTransport }
        guard lower.below == nil else { throw .alreadyStarted }
        guard let served = lower.servedProtocol, lower.mayCarryLayer else { throw .notOpen }
        if served is TLSLayer { throw .alreadyStarted }
        let unconsumed = unconsumed + lower.unconsumedByteCount
        guard unconsumed == 0 else { throw .plaintextAfterStart(byteCount: unconsumed) }
        TLSLayer(TLSHandshake(role, serving: next ?? served)).start(on: lower, goingOnAs: next == nil ? served : nil)
    }

    private var tlsLayer: TLSLayer? { (self as? StreamConnection)?.below?.servedProtocol as? TLSLayer }
}
