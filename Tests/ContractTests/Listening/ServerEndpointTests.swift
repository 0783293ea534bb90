import EventReactor
import TestSupport
import Testing

@testable import EventReactorCore

@Suite("Listening at endpoints")
struct ServerEndpointTests {
    /// A server that says so much to each peer.
    private static func greeter() -> Protocol {
        let server = Recorder("server")
        server.onMade = { server in
            server.transport.write("hello")
            server.transport.loseConnection()
        }
        return server
    }

    /// Connects to a listener, and ends the run when it has greeted.
    private func expectGreeting(at port: ListeningPort, _ world: World) throws {
        let client = Recorder("client")
        client.onLost = { client, _ in
            #expect(client.text == "hello")
            world.finish()
        }
        try world.connect(to: port.localAddress) { client }
    }

    @Test(arguments: Setting.withoutHandshake, [true, false])
    func anEndpointOfTheTransportListens(_ setting: Setting, withFactory: Bool) throws {
        try setting.run { world in
            let options = ListenOptions(stream: StreamOptions(buffering: setting.movement.buffering))
            let port = try world.listen(options: options, isFactory: withFactory) { ServerEndpointTests.greeter() }
            #expect((port.localAddress.family == .unix) == (setting.transport == .unix))
            try expectGreeting(at: port, world)
        }
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers), [true, false])
    func anInheritedEndpointListens(_ setting: Setting, withFactory: Bool) throws {
        try setting.run { world in
            let socket = try world.listeningSocket()
            let endpoint = ServerEndpoint.inherited([socket.descriptor])
            let options = ListenOptions(stream: StreamOptions(buffering: setting.movement.buffering))
            let port =
                if withFactory {
                    try world.reactor.listen(
                        endpoint, options: options, factory: ClosureFactory { ServerEndpointTests.greeter() })
                } else {
                    try world.reactor.listen(endpoint, options: options) { ServerEndpointTests.greeter() }
                }
            #expect(port.localAddress == socket.address)
            try expectGreeting(at: port, world)
        }
    }

    @Test(arguments: Setting.withoutHandshake)
    func anEndpointListensLaterByACompletion(_ setting: Setting) throws {
        try setting.run { world in
            var hasReturned = false
            let endpoint = try world.freshEndpoint()
            let pending = world.reactor.listen(endpoint) {
                ServerEndpointTests.greeter()
            } then: { result in
                #expect(hasReturned)
                do { try expectGreeting(at: try result.get(), world) } catch { Issue.record(error) }
            }
            hasReturned = true
            #expect(pending.isPending)
        }
    }

    @Test(arguments: Setting.all)
    func whatIsCancelledBeforeItListensIsReportedOnce(_ setting: Setting) throws {
        var failures: [ListenError] = []
        try setting.run { world in
            let endpoint = try world.freshEndpoint()
            let pending = world.reactor.listen(endpoint) {
                nil
            } then: { result in
                if case .failure(let error) = result { failures.append(error) } else { Issue.record("it listens") }
            }
            pending.cancel()
            pending.cancel()
            #expect(!pending.isPending && failures.isEmpty)
            world.finishSoon()
        }
        let host = setting.transport == .tcp6 ? "::1" : "127.0.0.1"
        guard case .cancelled(let cancelled)? = failures.first else { return unexpected(failures.first) }
        #expect(failures.count == 1)
        #expect(setting.transport == .unix ? cancelled.hasPrefix("unix:/") : cancelled == host)
    }

    @Test(arguments: Setting.reactors)
    func oneValueListensOnAnyReactorAndTheAddressIsTakenThen(_ setting: Setting) throws {
        try setting.run { world in
            let port = try world.listen { ServerEndpointTests.greeter() }
            let number = try #require(port.localAddress.port)
            let endpoint = ServerEndpoint.tcp(port: number, host: "127.0.0.1", backlog: 16)
            let error = #expect(throws: ListenError.self) { try world.reactor.listen(endpoint) { nil } }
            guard case .addressInUse? = error else { return unexpected(error) }
            port.stopListening()
            let again = try world.reactor.listen(endpoint) { ServerEndpointTests.greeter() }
            #expect(again.localAddress == port.localAddress)
            try expectGreeting(at: again, world)
        }
    }

    @Test(arguments: Setting.reactors)
    func anEndpointThatCannotBeIsATypedErrorNowAndLater(_ setting: Setting) throws {
        let endpoints: [(ServerEndpoint, ListenError)] = [
            (.tcp(port: -1), .invalidAddress(.invalidPort(-1))),
            (.tcp(port: 65_536, host: "127.0.0.1"), .invalidAddress(.invalidPort(65_536))),
            (.tcp(port: 0, host: "127.1"), .invalidAddress(.ambiguousAddress("127.1"))),
            (.unix(path: ""), .invalidAddress(.emptyPath)),
            (.inherited([]), .notAdoptable(.nothing)),
            (.inherited([-1]), .notAdoptable(setting.isOnKernel ? .notOpen(descriptor: -1) : .unsupported)),
        ]
        var failures: [ListenError] = []
        try setting.run { world in
            let factory = Factory()
            for (endpoint, error) in endpoints {
                #expect(throws: error) { try world.reactor.listen(endpoint) { nil } }
                #expect(throws: error) { try world.reactor.listen(endpoint, factory: factory) }
                world.reactor.listen(endpoint) {
                    nil
                } then: { result in
                    if case .failure(let error) = result { failures.append(error) }
                }
            }
            #expect(failures.isEmpty, "never inside the call")
            #expect(world.reactor.ports.isEmpty)
            world.finishSoon()
        }
        #expect(failures.count == endpoints.count && endpoints.allSatisfy { failures.contains($0.1) })
    }

    @Test func eachReactorMovesBytesAsAskedOrDirectly() throws {
        for setting in Setting.reactors {
            try setting.run { world in
                let options = ListenOptions(stream: StreamOptions(buffering: .bufferevent))
                let port = try world.listen(options: options, isFactory: false) { ServerEndpointTests.greeter() }
                let engine = String(describing: type(of: port.settings.engine))
                #expect((engine == "BuffereventStreamEngine") == (setting.engine == .libevent))
                try expectGreeting(at: port, world)
            }
        }
    }

    @Test func bufferingsAreComparedByWhatTheyAre() {
        let limit = RateLimit(readRate: 1_000)
        #expect(StreamOptions().buffering == .direct)
        #expect(Buffering.direct != .bufferevent)
        #expect(Buffering.bufferevent != .bufferevent(rateLimit: limit))
        #expect(Buffering.bufferevent(rateLimit: limit) == .bufferevent(rateLimit: limit))
        #expect("\(Buffering.direct) \(Buffering.bufferevent)" == "direct bufferevent")
    }

    @Test func anEndpointIsAValueWithADescription() {
        let endpoints: [ServerEndpoint] = [
            .tcp(port: 8007), .tcp(port: 8007, host: "::1"), .tcp(port: 80, host: "a.example"),
            .unix(path: "/run/x.sock"), .unix(path: "\0name"), .inherited([3, 4]), .unix(path: ""),
            .tcp(port: 1, host: "a\nb"),
        ]
        #expect(
            endpoints.map(\.description) == [
                "*:8007", "[::1]:8007", "a.example:80", "unix:/run/x.sock", "unix:@name", "inherited:3,4", "unix:",
                "a\\nb:1",
            ])
        #expect(Set(endpoints + endpoints).count == endpoints.count)
        #expect(ServerEndpoint.unix(path: "/x") != .unix(path: "/x", mode: 0o600))
        #expect(ServerEndpoint.tcp(port: 1) != .tcp(port: 1, backlog: 1))
    }
}

extension World {
    /// An endpoint of the setting's transport that no other test has.
    func freshEndpoint() throws -> ServerEndpoint {
        guard setting.transport != .unix else { return .unix(path: freshPath()) }
        return .tcp(port: setting.isOnKernel ? FreshPort.next() : 0, host: loopback)
    }

    /// Listens at an endpoint of the setting's transport, by a factory or by a closure.
    fileprivate func listen(
        options: ListenOptions, isFactory: Bool, _ makeProtocol: @escaping () -> Protocol?
    ) throws -> ListeningPort {
        func listen(_ endpoint: ServerEndpoint) throws -> ListeningPort {
            guard isFactory else { return try reactor.listen(endpoint, options: options, makeProtocol) }
            return try reactor.listen(endpoint, options: options, factory: ClosureFactory(makeProtocol))
        }
        guard setting.transport != .unix else { return try listen(.unix(path: freshPath(), mode: 0o600)) }
        return try atFreshPort { try listen(.tcp(port: $0, host: loopback)) }
    }
}
