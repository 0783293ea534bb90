public import EventReactorCore

extension ServerEndpoint {
    /// The same endpoint, whose connections begin with a PROXY header.
    ///
    /// ```swift
    /// let settings = ProxySettings(trusting: [try AddressPrefix("10.1.0.0/16")])
    /// try reactor.listen(.tcp(port: 8080).proxyProtocol(settings)) { Echo() }
    /// ```
    ///
    /// A protocol is made when the header is complete: `Factory.buildProtocol(for:)` gets the address of the client, and
    /// so do `Transport.peerAddress` and `localAddress` from `connectionMade` on. `Transport.proxy` has the header and the
    /// addresses of the socket. With TLS behind it, the header comes first: `.proxyProtocol(settings).tls(context)`.
    ///
    /// A connection whose header is refused is reset. It is counted (`ReactorMetrics.Refusal.badProxyHeader`), and the
    /// reactor reports `ReactorDiagnostic.proxyHeaderRefused`, every ten seconds at most. The limits of the listener
    /// count connections from when they are accepted, and by the address of the proxy.
    ///
    /// Other settings take the place of the first.
    public func proxyProtocol(_ settings: ProxySettings) -> ServerEndpoint {
        var endpoint = self
        endpoint.layers.removeAll { $0 is ProxyLayer }
        endpoint.layers.append(ProxyLayer(settings))
        return endpoint
    }
}

extension ClientEndpoint {
    /// The same endpoint, whose connection begins with a PROXY header that is sent.
    ///
    /// ```swift
    /// let header = ProxyHeader(source: client.peerAddress, destination: client.localAddress)
    /// try reactor.connect(.tcp(host: "10.0.0.7", port: 25).sendingProxyHeader(header)) { Relay() }
    /// ```
    ///
    /// With TLS behind it, the header comes first: `.sendingProxyHeader(header).tls(context)`. A header that cannot be
    /// sent is `ConnectError.handshakeFailed` with a ``ProxyError``. Another header takes the place of the first.
    ///
    /// - Parameters:
    ///   - header: for whom the connection is made.
    ///   - checksum: whether a header of version 2 has a checksum; none unless given.
    public func sendingProxyHeader(_ header: ProxyHeader, checksum: Bool = false) -> ClientEndpoint {
        var endpoint = self
        endpoint.layers.removeAll { $0 is ProxySenderLayer }
        endpoint.layers.append(ProxySenderLayer(header, checksum: checksum))
        return endpoint
    }
}

extension ProxySettings {
    /// Makes a protocol that reads the header of one connection, and has another protocol go on.
    ///
    /// It is for connections without an endpoint: `adoptStreamConnection`, or `TestTransport`.
    ///
    /// - Parameter makeProtocol: called when the header is complete; nil closes the connection.
    public func reading(before makeProtocol: @escaping () -> Protocol?) -> Protocol {
        ProxyReader(ProxyLayer(self), isAccepted: false) { _ in makeProtocol() }
    }
}
