extension ReactorBase {
    /// Makes a connection of a stream socket that is connected already.
    ///
    /// ```swift
    /// try reactor.adoptStreamConnection(fd, protocol: Session())
    /// close(fd)
    /// ```
    ///
    /// The reactor works on a duplicate of the descriptor, which it closes when the connection is lost. The given one
    /// remains the caller's, who may close it at once and has to close it some time. The connection is the reactor's,
    /// though: when the protocol ends it, it ends for all descriptors of the socket, and the peer sees that.
    ///
    /// The socket becomes non-blocking and gets the options. ``Protocol/connectionMade()`` is called in the next turn; if
    /// the reactor is not running, in the first turn of the next run. If the system then refuses to register the
    /// descriptor, the connection is closed and reported to ``ReactorBase/onDiagnostic``, as an accepted one is.
    ///
    /// - Parameters:
    ///   - fd: a descriptor of a stream socket with a peer; IPv4, IPv6 or UNIX.
    ///   - options: settings of the connection. An option that is off is turned off, whatever the socket had before.
    ///   - protocol: serves this connection and no other.
    /// - Throws: ``AdoptError``, ``AdoptError/alreadyAdopted(descriptor:)`` while a reactor of this process has the same
    ///   connection.
    public func adoptStreamConnection(
        _ fd: Int32, options: StreamOptions = StreamOptions(), protocol: Protocol
    ) throws(AdoptError) {
        guard !isClosed else { throw .reactorClosed }
        let claim = try AdoptionClaim.connection(fd, engine)
        let (own, peer) = try engine.sockets.adopt(fd, options: options)
        let adopted = AdoptedDescriptor(own, engine)
        let settings = settings(for: options)
        settings.adoption = claim
        callSoon {
            StreamConnection(descriptor: adopted.take(), peer: peer, protocol: `protocol`, settings: settings).start()
        }
    }

    /// Listens at sockets that listen already, as one port; on an error none has been adopted.
    func adoptListener(
        _ fds: [Int32], options: ListenOptions, factory: Factory
    ) throws(AdoptError) -> ListeningPort {
        guard !isClosed else { throw .reactorClosed }
        guard !fds.isEmpty else { throw .nothing }
        let port = ListeningPort(reactor: self, factory: factory, options: options)
        do throws(AdoptError) {
            for fd in fds {
                if let claim = try AdoptionClaim.listener(fd, engine) { port.adoptions.append(claim) }
                do throws(ListenError) {
                    port.add(try engine.listen(from: .adopted(descriptor: fd), options: options, for: port))
                } catch {
                    throw AdoptError(error)
                }
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

    /// The settings that connections with these options share.
    final func settings(for options: StreamOptions) -> StreamSettings {
        StreamSettings(engine: engine.streams(for: options.buffering), options: options, reactor: self)
    }
}

/// A descriptor until its connection begins; if the reactor is released before, it is closed.
private final class AdoptedDescriptor {
    private var fd: Int32
    private let engine: any ReactorEngine

    init(_ fd: Int32, _ engine: any ReactorEngine) {
        self.fd = fd
        self.engine = engine
    }

    deinit {
        if fd >= 0 { engine.sockets.close(fd, reset: false, endsForAll: true) }
    }

    func take() -> Int32 {
        defer { fd = -1 }
        return fd
    }
}

extension AdoptError {
    /// The reason for which a socket that passed the checks cannot be listened at.
    fileprivate init(_ error: ListenError) {
        switch error {
        case .system(let cause), .addressInUse(let cause): self = .system(cause)
        case .notAdoptable(let cause): self = cause
        case .reactorClosed: self = .reactorClosed
        case .invalidAddress, .unresolvable, .cancelled: self = .unsupported
        }
    }
}
