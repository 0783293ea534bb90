import EventReactor
import TestSupport
import Testing

extension Setting {
    /// One cell a reactor and transport, for what does not depend on how bytes are moved.
    static let transports = all.filter { $0.movement == .direct }

    /// The same without UNIX sockets: what has ports.
    static let withPorts = transports.filter { $0.transport != .unix }

    /// The cells of UNIX sockets.
    static let unixSockets = transports.filter { $0.transport == .unix }
}

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
                .tcp(port: port, host: address?.host ?? loopback, backlog: backlog), options: options, factory: factory)
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
        to address: SocketAddress, timeout: Duration? = .seconds(30), factory: Factory,
        onFailure: @escaping (ConnectError) -> Void = { Issue.record("unexpected: \($0)") }
    ) throws -> Connector {
        let endpoint =
            try address.path.map { ClientEndpoint.unix(path: $0, timeout: timeout) }
            ?? .tcp(host: #require(address.host), port: #require(address.port), timeout: timeout)
        return try reactor.connect(endpoint, factory: factory, onFailure: onFailure)
    }

    /// The loopback address of the setting's family.
    var loopback: String { setting.transport == .tcp6 ? "::1" : "127.0.0.1" }

    /// An address of the setting's transport at which nothing listens.
    func unusedAddress() throws -> SocketAddress {
        let port = try listen { nil }
        defer { port.stopListening() }
        return port.localAddress
    }

    /// Listens at a path as soon as nobody holds it any more: a process that is being started holds, until it runs its
    /// program, what this one has closed.
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

    /// Calls a closure once some turns have passed, so that what must not happen has had its chance.
    func afterTurns(_ count: Int = 8, _ body: @escaping () -> Void) {
        guard count > 0 else { return body() }
        reactor.callSoon { [unowned self] in afterTurns(count - 1, body) }
    }

    /// Ends the run once some turns have passed.
    func finishSoon() {
        afterTurns { [unowned self] in finish() }
    }
}

/// What a connect came to: it may end once, by a failure or by a protocol, and never inside a call.
final class Outcome {
    private(set) var failures: [ConnectError] = []
    private(set) var connections = 0
    var onFailure: (ConnectError) -> Void = { _ in }
    private var isInsideCall = false

    let client = Recorder("client")

    /// Makes a call that must not call back before it returns.
    func without<Result>(callbacks body: () throws -> Result) rethrows -> Result {
        isInsideCall = true
        defer { isInsideCall = false }
        return try body()
    }

    func failed(_ error: ConnectError) {
        #expect(!isInsideCall, "the failure came inside a call")
        #expect(connections == 0 && failures.isEmpty, "a connect ended twice")
        failures.append(error)
        // The only one to come: what the closures captured may keep this outcome.
        let told = onFailure
        onFailure = { _ in }
        told(error)
        client.forget()
    }

    func makeProtocol() -> Protocol? {
        #expect(!isInsideCall, "the connection came inside a call")
        #expect(connections == 0 && failures.isEmpty, "a connect ended twice")
        connections += 1
        onFailure = { _ in }
        return client
    }
}

extension World {
    /// A connect whose outcome is watched.
    @discardableResult
    func connect(to address: SocketAddress, timeout: Duration? = .seconds(30), outcome: Outcome) throws -> Connector {
        try outcome.without {
            try connect(
                to: address, timeout: timeout, { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
        }
    }
}

/// Another error came than the one that was expected, or none.
func unexpected(_ error: (any Error)?, sourceLocation: SourceLocation = #_sourceLocation) {
    Issue.record("another error: \(String(describing: error))", sourceLocation: sourceLocation)
}
