/// A place to listen at, as a value, for ``ReactorStreams/listen(_:options:_:)``.
///
/// ```swift
/// let endpoint = ServerEndpoint.unix(path: "/run/echo.sock", mode: 0o660)
/// try reactor.listen(endpoint) { Echo() }
/// ```
///
/// Creating one touches no socket and checks nothing: port, host and path are checked when it is listened at.
public struct ServerEndpoint: Sendable {
    /// The kinds of endpoint; package, so that another kind breaks no program's `switch`.
    package enum Kind: Hashable, Sendable {
        case tcp(port: Int, host: String)
        case unix(path: String, mode: UInt16?)
        case inherited([Int32])
    }

    package let kind: Kind
    package let backlog: Int
    /// Layers between each connection and its protocol; the first is next to the socket.
    package var layers: [any ServerLayer] = []

    /// TCP at an address of this machine.
    ///
    /// A host name is resolved when it is listened at, which blocks the reactor's thread, for seconds if a server has to
    /// be asked; ``ReactorBase/listen(_:options:_:then:)`` resolves it on another thread. Addresses, and `localhost` and
    /// other names in `/etc/hosts`, do not block.
    ///
    /// - Parameters:
    ///   - port: 0 to 65,535; with 0 the system chooses one, which ``ListeningPort/localAddress`` has.
    ///   - host: an address of this machine, or a name of one; empty (default) listens on IPv4 and IPv6 at once.
    ///   - backlog: the most peers that wait to be accepted; 4,096 by default. Less than 1 counts as 1, and the system's
    ///     `somaxconn` bounds it.
    public static func tcp(port: Int, host: String = "", backlog: Int = 4096) -> ServerEndpoint {
        ServerEndpoint(kind: .tcp(port: port, host: host), backlog: backlog)
    }

    /// A UNIX socket.
    ///
    /// A socket file at which nothing listens any more is replaced; one that is alive is not. If several programs
    /// replace it at once, one of them listens: the others wait for it, two seconds at most, and fail. The file is
    /// removed when listening stops, also after a change of the working directory.
    ///
    /// - Parameters:
    ///   - path: of the socket file, at most 107 bytes; a leading NUL makes it a name in Linux's abstract namespace.
    ///   - mode: permissions of the file, such as `0o660`; with `nil` (default) the umask decides. Bits beyond `0o7777`
    ///     are ignored.
    ///   - backlog: the most peers that wait to be accepted; 4,096 by default. Less than 1 counts as 1.
    public static func unix(path: String, mode: UInt16? = nil, backlog: Int = 4096) -> ServerEndpoint {
        ServerEndpoint(kind: .unix(path: path, mode: mode), backlog: backlog)
    }

    /// Sockets that listen already, as one port: inherited from a parent process, or passed on by another program.
    ///
    /// The reactor works on duplicates of the descriptors, which it closes when listening stops. The given ones remain
    /// the caller's, who may close them at once and has to close them some time: the address remains taken until all
    /// are closed.
    ///
    /// ```swift
    /// let port = try reactor.listen(.inherited([fd])) { Echo() }
    /// close(fd)
    /// ```
    ///
    /// The sockets become non-blocking and get the options, in all processes that have them; `reusePort` is ignored, and
    /// an option that is off is turned off, whatever the socket had before. Since other processes may use them, stopping
    /// never shuts them down and never removes the file of a UNIX socket. Several reactors may adopt one socket and
    /// share its connections. If one socket cannot be adopted, none is, and listening throws
    /// ``ListenError/notAdoptable(_:)``.
    ///
    /// - Parameter fds: descriptors of stream sockets that are bound and listen; IPv4, IPv6 or UNIX. Several make one
    ///   port, such as one that listens on IPv4 and on IPv6.
    public static func inherited(_ fds: [Int32]) -> ServerEndpoint {
        ServerEndpoint(kind: .inherited(fds), backlog: 0)
    }

    /// The port as the 16 bits it has, if port and host can be those of an address.
    static func checkedPort(_ port: Int, host: String) throws(ListenError) -> UInt16 {
        do throws(AddressError) {
            let checked = try AddressError.checkPort(port)
            if !host.isEmpty { try HostText.check(host, port: checked) }
            return checked
        } catch {
            throw .invalidAddress(error)
        }
    }
}

extension ServerEndpoint: CustomStringConvertible {
    /// The endpoint for people and logs, such as `*:8007`, `[::1]:8007`, `unix:/run/x.sock`, `inherited:3,4`.
    public var description: String {
        switch kind {
        case .tcp(let port, let host): EndpointText.of(host: host.isEmpty ? "*" : host, port: port)
        case .unix(let path, _): EndpointText.of(path: path)
        case .inherited(let fds): "inherited:" + fds.map(\.description).joined(separator: ",")
        }
    }
}
