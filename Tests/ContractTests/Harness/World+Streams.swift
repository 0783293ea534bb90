import EventReactor
import EventReactorTLS
import TestSupport
import Testing

extension World {
    /// A listener of the setting's transport for a factory, at a given address or at one that no other test has.
    @discardableResult
    func listen(
        at address: SocketAddress? = nil, backlog: Int = 4096, options: ListenOptions = ListenOptions(),
        factory: Factory
    ) throws -> ListeningPort {
        guard setting.transport != .unix else {
            return try reactor.listen(
                .unix(path: address?.path ?? freshPath(), backlog: backlog), options: options, factory: factory)
        }
        func listen(_ port: Int) throws -> ListeningPort {
            try reactor.listen(
                secured(.tcp(port: port, host: address?.host ?? loopback, backlog: backlog)), options: options,
                factory: starting(factory, isServer: true))
        }
        return try address?.port.map(listen) ?? atFreshPort(listen)
    }

    /// A listener at a given address.
    @discardableResult
    func listen(
        at address: SocketAddress, backlog: Int = 4096, _ makeProtocol: @escaping () -> Protocol?
    ) throws -> ListeningPort {
        try listen(at: address, backlog: backlog, factory: ClosureFactory(makeProtocol))
    }

    /// A connector of the setting's transport for a factory.
    @discardableResult
    func connect(
        to address: SocketAddress, timeout: Duration? = .seconds(30), options: StreamOptions = StreamOptions(),
        factory: Factory,
        onFailure: @escaping (ConnectError) -> Void = { Issue.record("unexpected: \($0)") }
    ) throws -> Connector {
        let endpoint =
            try address.path.map { ClientEndpoint.unix(path: $0, timeout: timeout) }
            ?? .tcp(host: #require(address.host), port: #require(address.port), timeout: timeout)
        return try reactor.connect(
            secured(endpoint), options: options, factory: starting(factory, isServer: false), onFailure: onFailure)
    }

    /// The endpoint as the setting's transport has it.
    func secured(_ endpoint: ServerEndpoint) -> ServerEndpoint {
        setting.transport == .tls ? endpoint.tls(TLSContexts.server) : endpoint
    }

    func secured(_ endpoint: ClientEndpoint) -> ClientEndpoint {
        setting.transport == .tls ? endpoint.tls(TLSContexts.client) : endpoint
    }

    /// The factory, whose protocols start TLS first if the setting's transport does.
    func starting(_ factory: Factory, isServer: Bool) -> Factory {
        setting.transport == .startTLS ? StartTLSFactory(factory, isServer: isServer) : factory
    }

    /// The loopback address of the setting's family.
    var loopback: String { setting.transport == .tcp6 ? "::1" : "127.0.0.1" }

    /// An address of the setting's transport at which nothing listens.
    func unusedAddress() throws -> SocketAddress {
        let port = try listen { nil }
        defer { port.stopListening() }
        return port.localAddress
    }

    /// Listens at a path as soon as no process has it open: a process that is being started keeps open, until it runs
    /// its program, what this one has closed.
    func listenUNIX(
        whenFree path: String, tries: Int = 1000, _ makeProtocol: @escaping () -> Protocol?,
        then: @escaping (ListeningPort) -> Void
    ) {
        do throws(ListenError) {
            then(try reactor.listenUNIX(path: path, makeProtocol))
        } catch {
            guard case .addressInUse = error, tries > 0 else { return unexpected(error) }
            reactor.callLater(.milliseconds(2)) { [unowned self] in
                listenUNIX(whenFree: path, tries: tries - 1, makeProtocol, then: then)
            }
        }
    }

    /// Calls a closure after some turns, in which an event that must not happen would have happened.
    func afterTurns(_ count: Int = 8, _ body: @escaping () -> Void) {
        guard count > 0 else { return body() }
        reactor.callSoon { [unowned self] in afterTurns(count - 1, body) }
    }

    /// Ends the run once some turns have passed.
    func finishSoon() {
        afterTurns { [unowned self] in finish() }
    }
}
