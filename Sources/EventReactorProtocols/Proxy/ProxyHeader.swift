public import EventReactorCore

/// A header of the PROXY protocol, by which a proxy tells a server between which addresses its client's connection is.
///
/// ```swift
/// let header = ProxyHeader(source: client.peerAddress, destination: client.localAddress)
/// let endpoint = ClientEndpoint.tcp(host: "10.0.0.7", port: 25).sendingProxyHeader(header)
/// ```
///
/// The protocol is HAProxy's: <https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt>.
public struct ProxyHeader: Hashable, Sendable {
    /// The versions of the protocol.
    public enum Version: Int, Hashable, Sendable {
        /// A line of text, for TCP alone.
        case v1 = 1
        /// Binary, with extensions.
        case v2 = 2
    }

    /// Why the proxy connects.
    public enum Command: Hashable, Sendable {
        /// On its own behalf, to check the server's health for example.
        case local
        /// For a client.
        case proxy
    }

    /// The version in which it came, or is to be sent.
    public let version: Version

    /// Whether the proxy connects for a client.
    public let command: Command

    /// The address of the client; nil for ``Command/local``, and if the proxy does not say.
    public let source: SocketAddress?

    /// The address that the client connected to; nil if ``source`` is.
    public let destination: SocketAddress?

    /// Whether the client sends datagrams (UDP), which the proxy passes on by a stream.
    public let isDatagram: Bool

    /// The extensions as they are sent, without padding and checksum: one array, whatever a header has.
    private let extensionBytes: [UInt8]

    /// A header for a client.
    ///
    /// - Parameters:
    ///   - version: in which to send it; ``Version/v2`` unless given.
    ///   - source: the address of the client.
    ///   - destination: the address that the client connected to, of the same family. With another family neither is
    ///     sent: the protocol has no such header. The same holds for UNIX addresses in ``Version/v1``.
    ///   - extensions: in the order in which to send them; ``Version/v1`` has none, and drops them.
    public init(
        version: Version = .v2, source: SocketAddress, destination: SocketAddress, extensions: [ProxyExtension] = []
    ) {
        self.init(
            version, .proxy, source: source, destination: destination, isDatagram: false, extensions: extensions)
    }

    /// A header of version 2 for a connection that the proxy makes on its own behalf: the server uses the addresses of
    /// the socket.
    public static let local = ProxyHeader(.v2, .local)

    /// A header of version 1 that tells no addresses; some servers refuse it.
    public static let unknown = ProxyHeader(.v1, .proxy)

    init(
        _ version: Version, _ command: Command, source: SocketAddress? = nil, destination: SocketAddress? = nil,
        isDatagram: Bool = false, extensions: [ProxyExtension] = []
    ) {
        self.version = version
        self.command = command
        self.source = source
        self.destination = destination
        self.isDatagram = isDatagram
        var bytes: [UInt8] = []
        for item in extensions where item.type != ProxyExtension.checksum && item.type != ProxyExtension.padding {
            item.append(to: &bytes)
        }
        extensionBytes = bytes
    }

    /// The extensions in the order in which they came, without padding and checksum.
    ///
    /// - Complexity: O(n) in their bytes, at each access.
    public var extensions: [ProxyExtension] {
        ((try? ProxyExtension.all(in: extensionBytes[...])) ?? []).map(\.item)
    }

    /// The value of the first extension of a type.
    ///
    /// - Complexity: O(n) in the bytes of all extensions.
    public func value(of type: UInt8) -> [UInt8]? { extensions.first { $0.type == type }?.value }

    /// The application's protocol, as the client's TLS negotiated it (ALPN): `h2` for example.
    public var applicationProtocol: String? { text(of: ProxyExtension.applicationProtocol) }

    /// The host name that the client asked for: with TLS, its SNI.
    ///
    /// The client chose it: it may be anything.
    public var authority: String? { text(of: ProxyExtension.authority) }

    /// The identity that the proxy gave the connection, up to 128 bytes.
    public var uniqueID: [UInt8]? { value(of: ProxyExtension.uniqueID) }

    /// The name of the network namespace in which the proxy has the client's connection.
    public var networkNamespace: String? { text(of: ProxyExtension.networkNamespace) }

    /// The client's TLS; nil if the proxy says nothing of it.
    public var tls: ProxyTLS? { value(of: ProxyExtension.tls).flatMap { try? ProxyTLS($0) } }

    /// A value that is UTF-8; nil for other bytes, which ``value(of:)`` has.
    private func text(of type: UInt8) -> String? {
        value(of: type).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
