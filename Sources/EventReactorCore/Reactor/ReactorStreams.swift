/// A reactor that listens and connects: the protocol for code that makes connections and runs on any engine.
///
/// ```swift
/// func serveEcho<R: ReactorStreams>(on reactor: R, port: Int) throws -> ListeningPort {
///     try reactor.listen(.tcp(port: port)) { Echo() }
/// }
/// ```
///
/// Connections are no part of it: their reactor drives them, and they reach you through ``Protocol`` and ``Transport``,
/// so that being generic costs nothing for each byte or callback. Every reactor of the library is a ``ReactorBase``,
/// which conforms to it; so may a type of your own that wraps one, to count or to choose what is connected to.
///
/// The requirements are the forms with a factory. The forms with a closure, with defaults, come with them, and so do
/// `listenTCP`, `listenUNIX`, `connectTCP` and `connectUNIX`.
public protocol ReactorStreams: ReactorTime {
    /// Listens at an endpoint, with a factory that makes a protocol for each connection.
    ///
    /// - Parameters:
    ///   - endpoint: where to listen.
    ///   - options: settings of the listener and of its connections.
    ///   - factory: makes the protocol of each connection, on the reactor's thread; if it makes none, the connection is
    ///     refused.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    func listen(
        _ endpoint: ServerEndpoint, options: ListenOptions, factory: Factory
    ) throws(ListenError) -> ListeningPort

    /// Connects to an endpoint, with a protocol made by a factory.
    ///
    /// - Parameters:
    ///   - endpoint: where to connect to.
    ///   - options: settings of the connection.
    ///   - factory: makes the protocol once, on the reactor's thread, when the connection is established; if it makes
    ///     none, the connection is closed.
    ///   - onFailure: called once in place of the factory if the connect fails, never before this call has returned.
    ///     Without it the failure is reported to ``ReactorBase/onDiagnostic``.
    /// - Returns: a handle that cancels the connect; the reactor keeps it.
    /// - Throws: ``AddressError`` if port, host or path can be none; nothing is called then.
    @discardableResult
    func connect(
        _ endpoint: ClientEndpoint, options: StreamOptions, factory: Factory, onFailure: ((ConnectError) -> Void)?
    ) throws(AddressError) -> Connector
}

extension ReactorStreams {
    /// Listens at an endpoint, with a closure that makes a protocol for each connection.
    ///
    /// ```swift
    /// let port = try reactor.listen(.tcp(port: 8007)) { Echo() }
    /// ```
    ///
    /// - Parameters:
    ///   - endpoint: where to listen.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection, on the reactor's thread; `nil` refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    public func listen(
        _ endpoint: ServerEndpoint, options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listen(endpoint, options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Connects to an endpoint, with a protocol made by a closure.
    ///
    /// ```swift
    /// try reactor.connect(.tcp(host: "example.com", port: 80)) { Client() } onFailure: { error in print(error) }
    /// ```
    ///
    /// - Parameters:
    ///   - endpoint: where to connect to.
    ///   - options: settings of the connection.
    ///   - makeProtocol: called once, on the reactor's thread, when the connection is established; `nil` closes it.
    ///   - onFailure: called once in place of `makeProtocol` if the connect fails, never before this call has returned.
    ///     Without it the failure is reported to ``ReactorBase/onDiagnostic``.
    /// - Returns: a handle that cancels the connect; the reactor keeps it.
    /// - Throws: ``AddressError`` if port, host or path can be none; nothing is called then.
    @discardableResult
    public func connect(
        _ endpoint: ClientEndpoint, options: StreamOptions = StreamOptions(),
        _ makeProtocol: @escaping () -> Protocol?, onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connect(endpoint, options: options, factory: ClosureFactory(makeProtocol), onFailure: onFailure)
    }

    // MARK: One line each

    /// Listens at ``ServerEndpoint/tcp(port:host:backlog:)``; a host name blocks the reactor's thread.
    ///
    /// ```swift
    /// let port = try reactor.listenTCP(port: 8007) { Echo() }
    /// ```
    ///
    /// - Parameters:
    ///   - port: 0 to 65,535; with 0 the system chooses one, which ``ListeningPort/localAddress`` has.
    ///   - host: an address of this machine, or a name of one; empty (default) listens on IPv4 and IPv6 at once.
    ///   - backlog: the most peers that wait to be accepted; 4,096 by default.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection, on the reactor's thread; `nil` refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    public func listenTCP(
        port: Int, host: String = "", backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listen(.tcp(port: port, host: host, backlog: backlog), options: options, makeProtocol)
    }

    /// Listens at ``ServerEndpoint/unix(path:mode:backlog:)``.
    ///
    /// ```swift
    /// let port = try reactor.listenUNIX(path: "/run/echo.sock", mode: 0o660) { Echo() }
    /// ```
    ///
    /// - Parameters:
    ///   - path: of the socket file, at most 107 bytes; a leading NUL makes it a name in Linux's abstract namespace.
    ///   - mode: permissions of the file; with `nil` (default) the umask decides.
    ///   - backlog: the most peers that wait to be accepted; 4,096 by default.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection, on the reactor's thread; `nil` refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    public func listenUNIX(
        path: String, mode: UInt16? = nil, backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listen(.unix(path: path, mode: mode, backlog: backlog), options: options, makeProtocol)
    }

    /// Listens at ``ServerEndpoint/inherited(_:)`` with one socket, as Twisted's function of this name does.
    ///
    /// ```swift
    /// let port = try reactor.adoptStreamPort(3) { Echo() }
    /// ```
    ///
    /// - Parameters:
    ///   - descriptor: of a socket that listens already; it is duplicated, and stays the caller's to close.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection, on the reactor's thread; `nil` refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    public func adoptStreamPort(
        _ descriptor: Int32, options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listen(.inherited([descriptor]), options: options, makeProtocol)
    }

    /// Listens at ``ServerEndpoint/inherited(_:)``, with a factory.
    ///
    /// - Parameters:
    ///   - descriptors: of sockets that listen already; they are duplicated, and stay the caller's to close.
    ///   - options: settings of the listener and of its connections.
    ///   - factory: makes the protocol of each connection.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    public func adoptStreamPort(
        _ descriptors: [Int32], options: ListenOptions = ListenOptions(), factory: Factory
    ) throws(ListenError) -> ListeningPort {
        try listen(.inherited(descriptors), options: options, factory: factory)
    }

    /// Connects to ``ClientEndpoint/tcp(host:port:timeout:bindAddress:)``.
    ///
    /// ```swift
    /// try reactor.connectTCP(host: "example.com", port: 80) { Client() } onFailure: { error in print(error) }
    /// ```
    ///
    /// - Parameters:
    ///   - host: a name or an address.
    ///   - port: 1 to 65,535.
    ///   - timeout: for resolving and connecting together, 30 seconds by default; `nil`: no limit.
    ///   - bindAddress: the address to connect from; with `nil` (default) the system chooses.
    ///   - options: settings of the connection.
    ///   - makeProtocol: called once, on the reactor's thread, when the connection is established; `nil` closes it.
    ///   - onFailure: called once in place of `makeProtocol` if the connect fails, never before this call has returned.
    ///     Without it the failure is reported to ``ReactorBase/onDiagnostic``.
    /// - Returns: a handle that cancels the connect; the reactor keeps it.
    /// - Throws: ``AddressError`` if port or host can be none; nothing is called then.
    @discardableResult
    public func connectTCP(
        host: String, port: Int, timeout: Duration? = .seconds(30), bindAddress: SocketAddress? = nil,
        options: StreamOptions = StreamOptions(), _ makeProtocol: @escaping () -> Protocol?,
        onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connect(
            .tcp(host: host, port: port, timeout: timeout, bindAddress: bindAddress), options: options, makeProtocol,
            onFailure: onFailure)
    }

    /// Connects to ``ClientEndpoint/unix(path:timeout:)``.
    ///
    /// ```swift
    /// try reactor.connectUNIX(path: "/run/echo.sock") { Client() } onFailure: { error in print(error) }
    /// ```
    ///
    /// - Parameters:
    ///   - path: of the socket file, at most 107 bytes; a leading NUL makes it a name in Linux's abstract namespace.
    ///   - timeout: for waiting while the backlog is full, 30 seconds by default; `nil`: no limit.
    ///   - options: settings of the connection.
    ///   - makeProtocol: called once, on the reactor's thread, when the connection is established; `nil` closes it.
    ///   - onFailure: called once in place of `makeProtocol` if the connect fails, never before this call has returned.
    ///     Without it the failure is reported to ``ReactorBase/onDiagnostic``.
    /// - Returns: a handle that cancels the connect; the reactor keeps it.
    /// - Throws: ``AddressError`` if the path can be none; nothing is called then.
    @discardableResult
    public func connectUNIX(
        path: String, timeout: Duration? = .seconds(30), options: StreamOptions = StreamOptions(),
        _ makeProtocol: @escaping () -> Protocol?, onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connect(.unix(path: path, timeout: timeout), options: options, makeProtocol, onFailure: onFailure)
    }
}

extension ReactorBase: ReactorStreams {}
