extension ReactorBase {
    /// Listens at a socket that listens already: inherited from a parent process, or passed on by another program.
    ///
    /// The reactor works on a duplicate of the descriptor, which it closes when listening stops. The given one stays the
    /// caller's, who may close it at once and has to close it some time: the address stays taken until both are closed.
    ///
    /// ```swift
    /// let port = try reactor.adoptStreamPort(descriptor) { Echo() }
    /// close(descriptor)
    /// ```
    ///
    /// The socket becomes non-blocking and gets the options, for all who hold it. Since other processes may, stopping
    /// never shuts it down, and never removes the file of a UNIX socket. Several reactors may adopt one socket, and share
    /// its connections.
    ///
    /// - Parameters:
    ///   - descriptor: of a stream socket that is bound and listens; IPv4, IPv6 or UNIX.
    ///   - options: settings of the listener and of its connections; `reusePort` has no meaning here. What is off in them
    ///     is turned off, whatever the socket had before.
    ///   - makeProtocol: called for each connection on the reactor's thread; nil refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``AdoptError``, ``AdoptError/alreadyAdopted(descriptor:)`` for a socket that this reactor listens at
    ///   already.
    @discardableResult
    public func adoptStreamPort(
        _ descriptor: Int32, options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws(AdoptError) -> ListeningPort {
        try adoptStreamPort([descriptor], options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Listens at several sockets that listen already as one port, and has a factory make a protocol for each connection.
    ///
    /// So a port that listens on IPv4 and IPv6 is adopted as one. The rest is as of
    /// ``adoptStreamPort(_:options:_:)``; on an error nothing has been adopted.
    @discardableResult
    public func adoptStreamPort(
        _ descriptors: [Int32], options: ListenOptions = ListenOptions(), factory: Factory
    ) throws(AdoptError) -> ListeningPort {
        try adoptStreamPort(descriptors, options: options, factory: factory, streams: engine.streams)
    }

    /// Makes a connection of a stream socket that is connected already.
    ///
    /// The reactor works on a duplicate of the descriptor, which it closes when the connection is lost. The given one
    /// stays the caller's, who may close it at once and has to close it some time. The connection is the reactor's,
    /// though: when the protocol ends it, it ends for all who hold descriptors of the socket, and the peer sees that.
    ///
    /// The socket becomes non-blocking and gets the options. The protocol's ``Protocol/connectionMade()`` comes in the
    /// next turn, and where the reactor is not running in the first of the next run. Where the system then refuses to
    /// have the connection watched, it is closed and reported to ``ReactorBase/onDiagnostic``, as one that was accepted.
    ///
    /// - Parameters:
    ///   - descriptor: of a stream socket with a peer; IPv4, IPv6 or UNIX.
    ///   - options: settings of the connection. What is off in them is turned off, whatever the socket had before.
    ///   - protocol: serves this connection and no other.
    /// - Throws: ``AdoptError``, ``AdoptError/alreadyAdopted(descriptor:)`` while a reactor of this process has the same
    ///   connection.
    public func adoptStreamConnection(
        _ descriptor: Int32, options: StreamOptions = StreamOptions(), protocol: Protocol
    ) throws(AdoptError) {
        try adoptStreamConnection(descriptor, options: options, protocol: `protocol`, streams: engine.streams)
    }
}

extension ReactorBase {
    // MARK: The same over a given kind of stream

    package func adoptStreamPort(
        _ descriptors: [Int32], options: ListenOptions, factory: Factory, streams: any StreamEngine
    ) throws(AdoptError) -> ListeningPort {
        guard !isClosed else { throw .reactorClosed }
        guard !descriptors.isEmpty else { throw .nothing }
        let port = ListeningPort(
            reactor: self, factory: factory,
            settings: StreamSettings(engine: streams, options: options.stream, reactor: self), options: options)
        do throws(AdoptError) {
            for descriptor in descriptors {
                if let claim = try AdoptionClaim.listener(descriptor, engine) { port.adoptions.append(claim) }
                port.add(try engine.adoptListener(descriptor, options: options, for: port))
            }
        } catch {
            port.shut()
            factory.endUse()
            throw error
        }
        for socket in port.sockets { socket.duties = .adopted }
        add(port)
        return port
    }

    package func adoptStreamConnection(
        _ descriptor: Int32, options: StreamOptions, protocol: Protocol, streams: any StreamEngine
    ) throws(AdoptError) {
        guard !isClosed else { throw .reactorClosed }
        let claim = try AdoptionClaim.connection(descriptor, engine)
        let (own, peer) = try engine.adoptConnection(descriptor, options: options)
        let adopted = AdoptedDescriptor(own, engine)
        let settings = StreamSettings(engine: streams, options: options, reactor: self)
        settings.adoption = claim
        callSoon {
            StreamConnection(
                descriptor: adopted.take(), peer: peer, protocol: `protocol`, settings: settings
            ).start()
        }
    }
}

/// A descriptor on its way to its connection, which ends where the reactor goes before.
private final class AdoptedDescriptor {
    private var descriptor: Int32
    private let engine: any ReactorEngine

    init(_ descriptor: Int32, _ engine: any ReactorEngine) {
        self.descriptor = descriptor
        self.engine = engine
    }

    deinit {
        if descriptor >= 0 { engine.endAdopted(descriptor: descriptor) }
    }

    func take() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }
}
