#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension ReactorBase {
    /// Listens for TCP connections and makes a protocol for each by a closure.
    ///
    /// - Parameters:
    ///   - port: 0 to 65,535; 0 has the system choose, and ``ListeningPort/localAddress`` tells what it chose.
    ///   - host: an address of this machine, or a name for one; empty listens on IPv4 and IPv6 at once. A name is
    ///     resolved synchronously and blocks the reactor's thread, for seconds if a server has to be asked: a reactor that
    ///     runs takes ``listenTCP(port:host:backlog:options:_:then:)``. Addresses, and `localhost` and other names in
    ///     `/etc/hosts`, do not block.
    ///   - backlog: how many peers may wait to be accepted; less than 1 counts as 1, and the system's `somaxconn`
    ///     bounds it.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection on the reactor's thread; nil refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    public func listenTCP(
        port: Int, host: String = "", backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listenTCP(
            port: port, host: host, backlog: backlog, options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Listens for TCP connections and has a factory make a protocol for each.
    ///
    /// The parameters are those of ``listenTCP(port:host:backlog:options:_:)``: a host name blocks the reactor's thread.
    @discardableResult
    public func listenTCP(
        port: Int, host: String = "", backlog: Int = 4096, options: ListenOptions = ListenOptions(), factory: Factory
    ) throws(ListenError) -> ListeningPort {
        try listenTCP(
            port: port, host: host, backlog: backlog, options: options, factory: factory, streams: engine.streams)
    }

    /// Listens for connections at a UNIX socket and makes a protocol for each by a closure.
    ///
    /// A socket file that nothing listens at any more is replaced; one that is alive is not. Where several programs
    /// replace it at once, one of them listens: the others wait for it, two seconds at most, and fail. The file is
    /// removed when listening stops, also after a change of the working directory.
    ///
    /// - Parameters:
    ///   - path: of the socket file, at most 107 bytes; a leading NUL makes it a name in Linux's abstract namespace.
    ///   - mode: permissions of the file, `0o660` for one, or nil to leave them to the umask; bits beyond `0o7777` mean
    ///     nothing.
    ///   - backlog: how many peers may wait to be accepted; less than 1 counts as 1.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection on the reactor's thread; nil refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    public func listenUNIX(
        path: String, mode: UInt16? = nil, backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        _ makeProtocol: @escaping () -> Protocol?
    ) throws(ListenError) -> ListeningPort {
        try listenUNIX(
            path: path, mode: mode, backlog: backlog, options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Listens for connections at a UNIX socket and has a factory make a protocol for each.
    ///
    /// The parameters are those of ``listenUNIX(path:mode:backlog:options:_:)``.
    @discardableResult
    public func listenUNIX(
        path: String, mode: UInt16? = nil, backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        factory: Factory
    ) throws(ListenError) -> ListeningPort {
        try listenUNIX(
            path: path, mode: mode, backlog: backlog, options: options, factory: factory, streams: engine.streams)
    }

    /// Connects to a TCP server with a protocol made by a closure.
    ///
    /// The name is resolved off the reactor's thread; a lookup that has not begun when the connector gives up is
    /// skipped, and `localhost` and other names in `/etc/hosts` wait behind no others. Its addresses are tried as RFC 8305 (Happy Eyeballs) has it:
    /// families in turn, the next one a quarter of a second after the last or as soon as it fails. The first that
    /// stands is kept.
    ///
    /// - Parameters:
    ///   - host: a name or an address. A name is ASCII (`xn--bcher-kva.example` for `bücher.example`); an IPv4 address is
    ///     four decimal numbers, and other forms of one, such as `127.1` or `0x7f.1`, are refused.
    ///   - port: 1 to 65,535.
    ///   - timeout: how long resolving and connecting may take together, or nil for no end; less than no time counts as
    ///     none.
    ///   - bindAddress: the address to connect from, or nil to leave it to the system; port 0 leaves the port to it.
    ///   - options: settings of the connection.
    ///   - makeProtocol: called once when the connection stands, on the reactor's thread; nil closes it.
    ///   - onFailure: called once in place of `makeProtocol` when there will be no connection, never before this call
    ///     has returned. Without it the failure goes to ``ReactorBase/onDiagnostic``.
    /// - Returns: a handle by which connecting can be cancelled; the reactor keeps it.
    /// - Throws: ``AddressError`` where port or host can be no address; nothing is called then.
    @discardableResult
    public func connectTCP(
        host: String, port: Int, timeout: Duration? = .seconds(30), bindAddress: SocketAddress? = nil,
        options: StreamOptions = StreamOptions(), _ makeProtocol: @escaping () -> Protocol?,
        onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connectTCP(
            host: host, port: port, timeout: timeout, bindAddress: bindAddress, options: options,
            factory: ClosureFactory(makeProtocol), onFailure: onFailure)
    }

    /// Connects to a TCP server with a protocol made by a factory.
    ///
    /// The parameters are those of ``connectTCP(host:port:timeout:bindAddress:options:_:onFailure:)``.
    @discardableResult
    public func connectTCP(
        host: String, port: Int, timeout: Duration? = .seconds(30), bindAddress: SocketAddress? = nil,
        options: StreamOptions = StreamOptions(), factory: Factory, onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connectTCP(
            host: host, port: port, timeout: timeout, bindAddress: bindAddress, options: options, factory: factory,
            onFailure: onFailure, streams: engine.streams)
    }

    /// Connects to a UNIX socket with a protocol made by a closure.
    ///
    /// - Parameters:
    ///   - path: of the socket file, at most 107 bytes; a leading NUL makes it a name in Linux's abstract namespace.
    ///   - timeout: how long a full backlog is waited for, or nil for no end; less than no time counts as none.
    ///   - options: settings of the connection.
    ///   - makeProtocol: called once when the connection stands, on the reactor's thread; nil closes it.
    ///   - onFailure: called once in place of `makeProtocol` when there will be no connection, never before this call
    ///     has returned. Without it the failure goes to ``ReactorBase/onDiagnostic``.
    /// - Returns: a handle by which connecting can be cancelled; the reactor keeps it.
    /// - Throws: ``AddressError`` where the path can be no address; nothing is called then.
    @discardableResult
    public func connectUNIX(
        path: String, timeout: Duration? = .seconds(30), options: StreamOptions = StreamOptions(),
        _ makeProtocol: @escaping () -> Protocol?, onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connectUNIX(
            path: path, timeout: timeout, options: options, factory: ClosureFactory(makeProtocol), onFailure: onFailure)
    }

    /// Connects to a UNIX socket with a protocol made by a factory.
    ///
    /// The parameters are those of ``connectUNIX(path:timeout:options:_:onFailure:)``.
    @discardableResult
    public func connectUNIX(
        path: String, timeout: Duration? = .seconds(30), options: StreamOptions = StreamOptions(), factory: Factory,
        onFailure: ((ConnectError) -> Void)? = nil
    ) throws(AddressError) -> Connector {
        try connectUNIX(
            path: path, timeout: timeout, options: options, factory: factory, onFailure: onFailure,
            streams: engine.streams)
    }
}

extension ReactorBase {
    // MARK: The same over a given kind of stream

    package func listenTCP(
        port: Int, host: String, backlog: Int, options: ListenOptions, factory: Factory, streams: any StreamEngine
    ) throws(ListenError) -> ListeningPort {
        guard !isClosed else { throw .reactorClosed }
        let number: UInt16
        do throws(AddressError) {
            number = try AddressError.checkPort(port)
            if !host.isEmpty { _ = try HostText(host, port: number) }
        } catch {
            throw .invalidAddress(error)
        }
        let addresses = try engine.resolveToListen(host: host, port: number)
        return try listen(
            at: addresses, backlog: backlog, options: options, mode: nil, factory: factory, streams: streams)
    }

    package func listenUNIX(
        path: String, mode: UInt16?, backlog: Int, options: ListenOptions, factory: Factory, streams: any StreamEngine
    ) throws(ListenError) -> ListeningPort {
        guard !isClosed else { throw .reactorClosed }
        let address: SocketAddress
        do throws(AddressError) { address = try SocketAddress.unix(path: path) } catch { throw .invalidAddress(error) }
        return try listen(
            at: [address], backlog: backlog, options: options, mode: mode, factory: factory, streams: streams)
    }

    final func listen(
        at addresses: [SocketAddress], backlog: Int, options: ListenOptions, mode: UInt16?, factory: Factory,
        streams: any StreamEngine
    ) throws(ListenError) -> ListeningPort {
        var wanted = addresses
        let port = ListeningPort(
            reactor: self, factory: factory,
            settings: StreamSettings(engine: streams, options: options.stream, reactor: self),
            options: options)
        var attempts = 0
        while true {
            do throws(ListenError) {
                for address in wanted {
                    // The second family takes the port that the system chose for the first.
                    let known = port.localAddresses.first?.port.map { UInt16(truncatingIfNeeded: $0) }
                    let asked = address.port == 0 ? address.withPort(known ?? 0) : address
                    port.add(
                        try engine.listen(at: asked, backlog: backlog, options: options, mode: mode, for: port))
                }
                add(port)
                return port
            } catch {
                // A port that was free for one family may be taken for the other: another is asked for.
                attempts += 1
                let chosenBySystem = wanted.count > 1 && wanted[0].port == 0
                if case .addressInUse = error, chosenBySystem, attempts < 16 {
                    port.closeSockets()
                    continue
                }
                // A machine without IPv6 listens on IPv4 alone.
                let others = wanted.filter { $0.family != error.missingFamily }
                if others.count < wanted.count && !others.isEmpty {
                    port.closeSockets()
                    wanted = others
                    continue
                }
                port.shut()
                factory.endUse()
                throw error
            }
        }
    }

    package func connectTCP(
        host: String, port: Int, timeout: Duration?, bindAddress: SocketAddress?, options: StreamOptions,
        factory: Factory, onFailure: ((ConnectError) -> Void)?, streams: any StreamEngine
    ) throws(AddressError) -> Connector {
        let number = try AddressError.checkPort(port)
        guard number != 0 else { throw .invalidPort(port) }
        _ = try HostText(host, port: number)
        let connector = Connector(
            to: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", timeout: timeout, from: bindAddress,
            options: options, factory: factory, onFailure: onFailure, streams: streams, reactor: self)
        guard !isClosed else { return connector.ended() }
        connectors.add(connector, as: connector.id)
        connector.start(host: host, port: number)
        return connector
    }

    package func connectUNIX(
        path: String, timeout: Duration?, options: StreamOptions, factory: Factory,
        onFailure: ((ConnectError) -> Void)?, streams: any StreamEngine
    ) throws(AddressError) -> Connector {
        let address = try SocketAddress.unix(path: path)
        let connector = Connector(
            to: address.description, timeout: timeout, from: nil, options: options, factory: factory,
            onFailure: onFailure, streams: streams, reactor: self)
        guard !isClosed else { return connector.ended() }
        connectors.add(connector, as: connector.id)
        connector.start(addresses: [address])
        return connector
    }
}

extension ListenError {
    /// The address family that the machine does not have, or has no address of, where that is what failed.
    fileprivate var missingFamily: SocketAddress.Family? {
        guard case .system(let cause) = self else { return nil }
        return cause.code == EAFNOSUPPORT || cause.code == EADDRNOTAVAIL ? cause.address?.family : nil
    }
}
