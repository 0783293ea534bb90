public import EventReactorCore

extension ServerEndpoint {
    /// The same endpoint, whose connections speak TLS.
    ///
    /// ```swift
    /// try reactor.listen(.tcp(port: 8443).tls(context)) { Echo() }
    /// ```
    ///
    /// A protocol is made when a peer is accepted, so that it can be refused, and gets `connectionMade` when the
    /// handshake is complete. If it fails the protocol gets `connectionLost` alone, with a ``TLSError`` in
    /// ``ConnectionLostReason/failed(_:)``.
    ///
    /// Another context takes the place of the first. Headers of the PROXY protocol that are to be read before TLS are
    /// asked for first: `.tcp(port: 8443).proxyProtocol(settings).tls(context)`.
    public func tls(_ context: TLSServerContext) -> ServerEndpoint {
        var endpoint = self
        endpoint.layers.removeAll { $0 is TLSServerContext }
        endpoint.layers.append(context)
        return endpoint
    }
}

extension ClientEndpoint {
    /// The same endpoint, whose connection speaks TLS.
    ///
    /// ```swift
    /// try reactor.connect(.tcp(host: "example.org", port: 443).tls(context)) { Client() } onFailure: { print($0) }
    /// ```
    ///
    /// The protocol is made when the handshake is complete, and the connector's timeout is for all until then. If it
    /// fails, `onFailure` is called with ``ConnectError/handshakeFailed(_:with:)``, which has a ``TLSError``.
    public func tls(_ context: TLSClientContext) -> ClientEndpoint {
        var endpoint = self
        endpoint.layers.removeAll { $0 is TLSClientContext }
        endpoint.layers.append(context)
        return endpoint
    }

    /// The host that the program named; nil for a UNIX socket.
    var host: String? {
        switch kind {
        case .tcp(let host, _): host
        case .unix: nil
        case .address(let address): address.host
        }
    }
}
