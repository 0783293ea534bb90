extension ReactorBase {
    /// Listens at a socket that listens already: inherited from a parent process, or passed on by another program.
    ///
    /// The descriptor is the reactor's from here on, which makes it close-on-exec and non-blocking, and closes it when
    /// listening stops. Since other processes may hold the same socket, stopping never shuts it down, and never removes
    /// the file of a UNIX socket.
    ///
    /// - Parameters:
    ///   - descriptor: of a stream socket that is bound and listens; IPv4, IPv6 or UNIX.
    ///   - options: settings of the listener and of its connections; `reusePort` has no meaning here.
    ///   - makeProtocol: called for each connection on the reactor's thread; nil refuses it.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``AdoptError``; the descriptor is then still the caller's.
    @discardableResult
    public func adoptStreamPort(
        _ descriptor: Int32, options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws(AdoptError) -> ListeningPort {
        try adoptStreamPort([descriptor], options: options, factory: ClosureFactory(makeProtocol))
    }

    /// Listens at several sockets that listen already as one port, and has a factory make a protocol for each connection.
    ///
    /// So a port that listens on IPv4 and IPv6 is adopted as one. The rest is as of
    /// ``adoptStreamPort(_:options:_:)``; on an error all descriptors are still the caller's.
    @discardableResult
    public func adoptStreamPort(
        _ descriptors: [Int32], options: ListenOptions = ListenOptions(), factory: Factory
    ) throws(AdoptError) -> ListeningPort {
        try adoptStreamPort(descriptors, options: options, factory: factory, streams: engine.streams)
    }

    /// Makes a connection of a stream socket that is connected already.
    ///
    /// The descriptor is the reactor's from here on, which makes it close-on-exec and non-blocking and closes it when
    /// the connection is lost. The protocol's ``Protocol/connectionMade()`` comes in the next turn, and where the
    /// reactor is not running in the first of the next run. Where the system then refuses to have the connection
    /// watched, it is closed and ``ReactorBase/onDiagnostic`` told, as with one that was accepted.
    ///
    /// - Parameters:
    ///   - descriptor: of a stream socket with a peer; IPv4, IPv6 or UNIX.
    ///   - options: settings of the connection.
    ///   - protocol: serves this connection and no other.
    /// - Throws: ``AdoptError``; the descriptor is then still the caller's.
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
        guard !descriptors.isEmpty else { throw .nothing }
        let port = ListeningPort(
            reactor: self, factory: factory,
            settings: StreamSettings(engine: streams, options: options.stream, reactor: self), options: options)
        do throws(AdoptError) {
            for descriptor in descriptors {
                port.add(try engine.adoptListener(descriptor, options: options, for: port))
            }
        } catch {
            // They have no duties yet, so that nothing is closed.
            port.shut()
            factory.endUse()
            throw error
        }
        for socket in port.sockets { socket.duties = .close }
        add(port)
        return port
    }

    package func adoptStreamConnection(
        _ descriptor: Int32, options: StreamOptions, protocol: Protocol, streams: any StreamEngine
    ) throws(AdoptError) {
        let peer = try engine.adoptConnection(descriptor, options: options)
        let adopted = AdoptedDescriptor(descriptor, engine)
        let settings = StreamSettings(engine: streams, options: options, reactor: self)
        callSoon {
            StreamConnection(
                descriptor: adopted.take(), peer: peer, protocol: `protocol`, settings: settings
            ).start()
        }
    }
}

/// A descriptor on its way to its connection, closed where the reactor goes before.
private final class AdoptedDescriptor {
    private var descriptor: Int32
    private let engine: any ReactorEngine

    init(_ descriptor: Int32, _ engine: any ReactorEngine) {
        self.descriptor = descriptor
        self.engine = engine
    }

    deinit {
        if descriptor >= 0 { engine.discard(descriptor: descriptor) }
    }

    func take() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }
}
