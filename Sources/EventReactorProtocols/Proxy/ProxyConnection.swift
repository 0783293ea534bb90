public import EventReactorCore

/// The proxy at the other end of a connection: its header, and the addresses of the socket.
///
/// `Transport.proxy` has it.
public final class ProxyConnection: Sendable {
    /// The header that the proxy sent.
    public let header: ProxyHeader
    /// The address of the proxy, which `Transport.peerAddress` is not if the header has one for the client.
    public let peerAddress: SocketAddress
    /// The address of this end of the connection with the proxy.
    public let localAddress: SocketAddress

    init(header: ProxyHeader, peerAddress: SocketAddress, localAddress: SocketAddress) {
        self.header = header
        self.peerAddress = peerAddress
        self.localAddress = localAddress
    }
}

extension Transport {
    /// The proxy that sent a PROXY header over this connection; nil without one.
    ///
    /// With a header that has addresses, `peerAddress` and `localAddress` are the client's and the one it connected to;
    /// the addresses of the socket are here. It is readable after the loss too.
    public var proxy: ProxyConnection? {
        StreamConnection.of(self)?.replacedAddresses?.origin as? ProxyConnection
    }
}
