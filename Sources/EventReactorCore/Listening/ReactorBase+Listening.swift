#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension ReactorBase {
    /// Listens at an endpoint, with a factory that makes a protocol for each connection.
    ///
    /// ```swift
    /// let port = try reactor.listen(.tcp(port: 8007), factory: EchoFactory())
    /// ```
    ///
    /// - Parameters:
    ///   - endpoint: where to listen. A host name blocks the reactor's thread until it is resolved.
    ///   - options: settings of the listener and of its connections.
    ///   - factory: makes the protocol of each connection, on the reactor's thread; if it makes none, the connection is
    ///     refused.
    /// - Returns: the listener; the reactor keeps it.
    /// - Throws: ``ListenError``; no descriptor is left behind.
    @discardableResult
    public func listen(
        _ endpoint: ServerEndpoint, options: ListenOptions = ListenOptions(), factory: Factory
    ) throws(ListenError) -> ListeningPort {
        guard !isClosed else { throw .reactorClosed }
        let factory = endpoint.layered(factory)
        switch endpoint.kind {
        case .tcp(let port, let host):
            let port = try ServerEndpoint.checkedPort(port, host: host)
            let addresses: [SocketAddress]
            do throws(NameError) {
                addresses = try engine.resolver.resolveToListen(host, port: port)
            } catch {
                throw error.listening(at: host)
            }
            return try listen(at: addresses, backlog: endpoint.backlog, options: options, factory: factory)
        case .unix(let path, let mode):
            let address: SocketAddress
            do throws(AddressError) { address = try .unix(path: path) } catch { throw .invalidAddress(error) }
            return try listen(
                at: [address], backlog: endpoint.backlog, mode: mode, options: options, factory: factory)
        case .inherited(let fds):
            do throws(AdoptError) {
                return try adoptListener(fds, options: options, factory: factory)
            } catch {
                throw .notAdoptable(error)
            }
        }
    }

    /// Listens at an endpoint whose host name is resolved on another thread.
    ///
    /// ```swift
    /// reactor.listen(.tcp(port: 8007, host: "internal.example")) { Echo() } then: { result in
    ///     switch result {
    ///     case .success(let port): print("listening at \(port.localAddresses)")
    ///     case .failure(let error): print(error)
    ///     }
    /// }
    /// ```
    ///
    /// The reactor continues meanwhile, however long the lookup takes. Without a host name, listening begins in the next
    /// turn or soon after.
    ///
    /// - Parameters:
    ///   - endpoint: where to listen.
    ///   - options: settings of the listener and of its connections.
    ///   - makeProtocol: called for each connection, on the reactor's thread; `nil` refuses it.
    ///   - completion: called once, on the reactor's thread, never before this call has returned: with the listener,
    ///     which the reactor keeps, or with the error, ``ListenError/cancelled(host:)`` if the reactor stops first.
    /// - Returns: a handle that cancels listening; the reactor keeps it.
    @discardableResult
    public func listen(
        _ endpoint: ServerEndpoint, options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?,
        then completion: @escaping (Result<ListeningPort, ListenError>) -> Void
    ) -> PendingListener {
        let pending = PendingListener(endpoint, reactor: self, completion: completion)
        pending.start(options: options, factory: ClosureFactory(makeProtocol))
        return pending
    }

    /// Listens at all of these addresses as one port.
    final func listen(
        at addresses: [SocketAddress], backlog: Int, mode: UInt16? = nil, options: ListenOptions, factory: Factory
    ) throws(ListenError) -> ListeningPort {
        var wanted = addresses
        let port = ListeningPort(reactor: self, factory: factory, options: options)
        var attempts = 0
        while true {
            do throws(ListenError) {
                for address in wanted {
                    // The second family takes the port that the system chose for the first.
                    let known = port.localAddresses.first?.port.map { UInt16(truncatingIfNeeded: $0) }
                    let requested = address.port == 0 ? address.withPort(known ?? 0) : address
                    port.add(
                        try engine.listen(
                            from: .address(requested, backlog: backlog, mode: mode), options: options, for: port))
                }
                add(port)
                return port
            } catch {
                // A port that is free for one family may be taken for the other: ask for another.
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

    final func add(_ port: ListeningPort) { ports.add(port, as: port.id) }
    final func remove(_ port: ListeningPort) { ports.remove(port.id) }

    /// A descriptor is free again: listeners that waited for one try once more.
    final func retryStarvedListeners() {
        let starved = starvedPorts
        starvedPorts = []
        for port in starved { port.descriptorFreed() }
    }
}

extension ListenError {
    /// The address family that the machine does not have, or has no address of, if that is the cause.
    fileprivate var missingFamily: SocketAddress.Family? {
        guard case .system(let cause) = self else { return nil }
        return cause.code == EAFNOSUPPORT || cause.code == EADDRNOTAVAIL ? cause.address?.family : nil
    }
}
