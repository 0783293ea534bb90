/// A server to connect to, as a value, for ``ReactorStreams/connect(_:options:_:onFailure:)``.
///
/// ```swift
/// let endpoint = ClientEndpoint.tcp(host: "example.com", port: 80, timeout: .seconds(5))
/// try reactor.connect(endpoint) { Client() } onFailure: { error in print(error) }
/// ```
///
/// Creating one touches no socket and checks nothing: host, port and path are checked when it is connected to.
public struct ClientEndpoint: Sendable {
    /// The kinds of endpoint; package, so that another kind breaks no program's `switch`.
    package enum Kind: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
        case address(SocketAddress)
    }

    /// The parts, in one object: code that copies ten words would be compiled wherever an endpoint is copied.
    private final class Parts: Sendable {
        let kind: Kind
        let timeout: Duration?
        let bindAddress: SocketAddress?
        let layers: [any ClientLayer]

        init(kind: Kind, timeout: Duration?, bindAddress: SocketAddress?, layers: [any ClientLayer]) {
            self.kind = kind
            self.timeout = timeout
            self.bindAddress = bindAddress
            self.layers = layers
        }
    }

    private var parts: Parts

    package var kind: Kind { parts.kind }
    package var timeout: Duration? { parts.timeout }
    package var bindAddress: SocketAddress? { parts.bindAddress }
    /// Layers between the connection and its protocol; the first is next to the socket.
    package var layers: [any ClientLayer] {
        get { parts.layers }
        set { parts = Parts(kind: kind, timeout: timeout, bindAddress: bindAddress, layers: newValue) }
    }

    private init(kind: Kind, timeout: Duration?, bindAddress: SocketAddress?) {
        parts = Parts(kind: kind, timeout: timeout, bindAddress: bindAddress, layers: [])
    }

    /// A TCP server.
    ///
    /// A name is resolved on another thread; a lookup that has not begun when the connector gives up is skipped, and
    /// `localhost` and other names in `/etc/hosts` wait behind no others. Its addresses are tried as RFC 8305 (Happy
    /// Eyeballs) says: the families alternate, and the next address is tried a quarter of a second after the last or as
    /// soon as that fails. The first connection that is established is kept.
    ///
    /// - Parameters:
    ///   - host: a name or an address. A name is ASCII (`xn--bcher-kva.example` for `bücher.example`); an IPv4 address is
    ///     four decimal numbers, and other forms of one, such as `127.1` or `0x7f.1`, are refused.
    ///   - port: 1 to 65,535.
    ///   - timeout: for resolving and connecting together, 30 seconds by default; `nil`: no limit. A negative one counts
    ///     as zero.
    ///   - bindAddress: the address to connect from; with `nil` (default) the system chooses, and with port 0 the port.
    public static func tcp(
        host: String, port: Int, timeout: Duration? = .seconds(30), bindAddress: SocketAddress? = nil
    ) -> ClientEndpoint {
        ClientEndpoint(kind: .tcp(host: host, port: port), timeout: timeout, bindAddress: bindAddress)
    }

    /// A UNIX socket.
    ///
    /// - Parameters:
    ///   - path: of the socket file, at most 107 bytes; a leading NUL makes it a name in Linux's abstract namespace.
    ///   - timeout: for waiting while the backlog is full, 30 seconds by default; `nil`: no limit. A negative one counts
    ///     as zero.
    public static func unix(path: String, timeout: Duration? = .seconds(30)) -> ClientEndpoint {
        ClientEndpoint(kind: .unix(path: path), timeout: timeout, bindAddress: nil)
    }

    /// An address, TCP or UNIX, such as ``ListeningPort/localAddress`` or one that a resolver of your own has found.
    ///
    /// - Parameters:
    ///   - address: of the server: an IP address with a port other than 0, or a UNIX address with a name.
    ///   - timeout: for connecting, 30 seconds by default; `nil`: no limit. A negative one counts as zero.
    ///   - bindAddress: the address to connect from; with `nil` (default) the system chooses, and with port 0 the port.
    public static func address(
        _ address: SocketAddress, timeout: Duration? = .seconds(30), bindAddress: SocketAddress? = nil
    ) -> ClientEndpoint {
        ClientEndpoint(kind: .address(address), timeout: timeout, bindAddress: bindAddress)
    }

    /// A target that has passed all checks that need no system call.
    enum Target {
        case host(String, port: UInt16)
        case address(SocketAddress)
    }

    /// Checks what connecting to it would refuse at once.
    package func check() throws(AddressError) {
        _ = try checkedTarget()
    }

    func checkedTarget() throws(AddressError) -> Target {
        switch kind {
        case .tcp(let host, let port):
            let checked = try AddressError.checkPort(port)
            guard checked != 0 else { throw .invalidPort(port) }
            try HostText.check(host, port: checked)
            return .host(host, port: checked)
        case .unix(let path):
            return .address(try SocketAddress.unix(path: path))
        case .address(let address):
            if address.port == 0 { throw .invalidPort(0) }
            if address == .unnamedUnix { throw .emptyPath }
            return .address(address)
        }
    }
}

extension ClientEndpoint: CustomStringConvertible {
    /// The endpoint for people and logs, such as `example.com:80`, `[::1]:8007`, `unix:/run/x.sock`.
    public var description: String {
        switch kind {
        case .tcp(let host, let port): EndpointText.of(host: host, port: port)
        case .unix(let path): EndpointText.of(path: path)
        case .address(let address): address.description
        }
    }
}
