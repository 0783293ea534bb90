import EventReactorHandover
import EventReactorProtocols
import EventReactorTLS
import EventReactorTesting
import Glibc
import TestSupport
import Testing

@Suite("PROXY protocol: listeners and connectors, on every reactor")
struct ProxyListenerTests {
    private let client = try! SocketAddress(ip: "203.0.113.7", port: 50_001)
    private let service = try! SocketAddress(ip: "198.51.100.2", port: 443)

    private func connect(
        _ reactor: ReactorBase, to port: ListeningPort, _ header: ProxyHeader?, checksum: Bool = false,
        _ end: ProxyEnd
    ) throws {
        var endpoint = ClientEndpoint.address(port.localAddress)
        if let header { endpoint = endpoint.sendingProxyHeader(header, checksum: checksum) }
        end.echoes = false
        try reactor.connect(endpoint) {
            end
        } onFailure: {
            Issue.record($0)
        }
    }

    @Test(arguments: ProxyEngine.allCases, [ProxyHeader.Version.v1, .v2])
    func bothEndsAgreeOnTheHeader(_ engine: ProxyEngine, _ version: ProxyHeader.Version) throws {
        let (server, end) = (ProxyEnd(), ProxyEnd())
        let factory = ProxyFactoryRecorder { server }
        var real: SocketAddress?
        let header = ProxyHeader(version: version, source: client, destination: service)
        try engine.run { reactor in
            let port = try reactor.listenBehindProxy(factory: factory)
            end.onMade = { end in
                real = end.transport.localAddress
                end.transport.write("hello")
            }
            end.onData = { if $0.received == "hello" { $0.transport.loseConnection() } }
            server.onLost = { _ in try? reactor.stop() }
            try connect(reactor, to: port, header, checksum: true, end)
        }
        #expect(end.received == "hello" && server.calls == ["made", "data", "end", "lost"])
        #expect(factory.peers == [client] && server.peer == client && server.local == service)
        #expect(server.transport.peerAddress == client && server.transport.localAddress == service)
        #expect(server.transport.proxy?.peerAddress == real && server.transport.proxy?.header == header)
        #expect(server.transport.proxy?.localAddress == end.transport.peerAddress)
        #expect(end.transport.proxy == nil)
    }

    @Test(arguments: ProxyEngine.allCases)
    func aServerMaySpeakFirstBehindTheHeader(_ engine: ProxyEngine) throws {
        let (server, end) = (ProxyEnd(), ProxyEnd())
        server.onMade = {
            $0.transport.write("hello, \($0.transport.peerAddress)")
            $0.transport.loseConnection()
        }
        try engine.run { reactor in
            let port = try reactor.listenBehindProxy(factory: ProxyFactoryRecorder { server })
            end.onLost = { _ in try? reactor.stop() }
            try connect(reactor, to: port, ProxyHeader(source: client, destination: service), end)
        }
        #expect(end.received == "hello, 203.0.113.7:50001" && end.reason?.isClean == true)
    }

    @Test(arguments: ProxyEngine.allCases)
    func aRefusedHeaderIsCountedAndReportedAndResets(_ engine: ProxyEngine) throws {
        let end = ProxyEnd()
        let factory = ProxyFactoryRecorder { ProxyEnd() }
        var reports: [String] = []
        var refusals = 0
        try engine.run { reactor in
            reactor.onDiagnostic = { reports.append("\($0)") }
            let port = try reactor.listenBehindProxy(factory: factory)
            end.onMade = { $0.transport.write("GET / HTTP/1.0\r\n\r\n") }
            end.onLost = { _ in
                refusals = reactor.metrics.accepting.refused[.badProxyHeader]
                try? reactor.stop()
            }
            try connect(reactor, to: port, nil, end)
        }
        #expect(factory.peers.isEmpty && refusals == 1 && reports.count == 1)
        #expect(reports.first?.hasSuffix("the peer sent no PROXY header, which is required of it") == true)
        guard case .lost? = end.reason else {
            Issue.record("\(String(describing: end.reason))")
            return
        }
    }

    @Test(arguments: ProxyEngine.allCases)
    func aPeerThatIsNotTrustedIsClosedAsItIsAccepted(_ engine: ProxyEngine) throws {
        let end = ProxyEnd()
        let factory = ProxyFactoryRecorder { ProxyEnd() }
        var port: ListeningPort?
        try engine.run { reactor in
            port = try reactor.listenBehindProxy({ $0.trusted = [.unix] }, factory: factory)
            end.onLost = { _ in try? reactor.stop() }
            try connect(reactor, to: try #require(port), nil, end)
        }
        #expect(factory.peers.isEmpty && port?.counters.refusedByFactory == 1 && port?.counters.accepted == 0)
    }

    @Test(arguments: ProxyEngine.allCases)
    func aFactoryMayRefuseTheClientThatTheHeaderNames(_ engine: ProxyEngine) throws {
        let end = ProxyEnd()
        let factory = ProxyFactoryRecorder { nil }
        var port: ListeningPort?
        try engine.run { reactor in
            port = try reactor.listenBehindProxy(factory: factory)
            end.onLost = { _ in try? reactor.stop() }
            try connect(reactor, to: try #require(port), ProxyHeader(source: client, destination: service), end)
        }
        #expect(factory.peers == [client] && port?.counters.refusedByFactory == 1)
    }

    @Test(arguments: ProxyEngine.allCases)
    func peersBeyondTheLimitsAreServedBehindTheirHeaders(_ engine: ProxyEngine) throws {
        let (excess, end) = (ProxyEnd(), ProxyEnd())
        excess.onMade = {
            $0.transport.write("busy")
            $0.transport.loseConnection()
        }
        try engine.run { reactor in
            var options = ListenOptions()
            options.limits.total = 0
            options.limits.excess = .close
            let port = try reactor.listenBehindProxy(options: options, factory: ProxyFactoryRecorder { ProxyEnd() })
            port.onExcess = { _ in excess }
            end.onLost = { _ in try? reactor.stop() }
            try connect(reactor, to: port, ProxyHeader(source: client, destination: service), end)
        }
        #expect(end.received == "busy" && excess.peer == client)
    }

    @Test(arguments: ProxyEngine.allCases, [true, false])
    func headersComeBeforeTLSOrInsideIt(_ engine: ProxyEngine, _ isOutside: Bool) throws {
        let (server, end) = (ProxyEnd(), ProxyEnd())
        let factory = ProxyFactoryRecorder { server }
        let context = try ProxyTLSContexts.server()
        let trusted = try ProxyTLSContexts.client()
        let header = ProxyHeader(source: client, destination: service)
        end.echoes = false
        try engine.run { reactor in
            let plain = ServerEndpoint.tcp(port: 0, host: "127.0.0.1")
            let proxied = ProxySettings(trusting: AddressPrefix.loopback)
            let port = try reactor.listen(
                isOutside ? plain.proxyProtocol(proxied).tls(context) : plain.tls(context).proxyProtocol(proxied),
                factory: factory)
            end.onMade = { $0.transport.write("hello") }
            end.onData = { if $0.received == "hello" { $0.transport.loseConnection() } }
            for each in [server, end] {
                each.onLost = { _ in if server.reason != nil && end.reason != nil { try? reactor.stop() } }
            }
            let address = ClientEndpoint.address(port.localAddress)
            let endpoint =
                isOutside
                ? address.sendingProxyHeader(header).tls(trusted) : address.tls(trusted).sendingProxyHeader(header)
            try reactor.connect(endpoint) {
                end
            } onFailure: {
                Issue.record($0)
                try? reactor.stop()
            }
        }
        #expect(end.received == "hello" && end.reason?.isClean == true)
        #expect(factory.peers == [client] && server.peer == client && server.local == service)
        #expect(server.calls == ["made", "data", "end", "lost"] && server.reason?.isClean == true)
        #expect(server.transport.peerAddress == client && server.transport.proxy?.header == header)
    }

    @Test(arguments: ProxyEngine.allCases)
    func aHeaderThatCannotBeSentFailsTheConnect(_ engine: ProxyEngine) throws {
        var failure: ConnectError?
        var connections = -1
        let longest = try ProxyExtension(type: 0xE0, value: [UInt8](repeating: 1, count: 65_535))
        let header = ProxyHeader(source: client, destination: service, extensions: [longest])
        try engine.run { reactor in
            let port = try reactor.listenBehindProxy(factory: ProxyFactoryRecorder { ProxyEnd() })
            let endpoint = ClientEndpoint.address(port.localAddress).sendingProxyHeader(header)
            try reactor.connect(endpoint) {
                Issue.record("a protocol was made")
                return nil
            } onFailure: { error in
                failure = error
                reactor.callLater(.milliseconds(50)) {
                    connections = reactor.metrics.connections.now
                    try? reactor.stop()
                }
            }
        }
        guard case .handshakeFailed(let error as ProxyError, _)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(error == .notSendable(byteCount: 65_550) && connections == 0)
    }

    /// The layers of an endpoint hold for sockets that a program inherited in its place.
    @Test(arguments: [ProxyEngine.libevent, .native])
    func inheritedSocketsHaveTheLayersOfTheEndpoint(_ engine: ProxyEngine) throws {
        let (server, end) = (ProxyEnd(), ProxyEnd())
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // Bound to a free port of every address.
        #expect(Glibc.listen(fd, 1) == 0)
        let sockets = InheritedSockets(name: "web", descriptors: [fd])
        let settings = ProxySettings(trusting: AddressPrefix.loopback)
        try engine.run { reactor in
            let port = try reactor.listen(.tcp(port: 80).proxyProtocol(settings), adopting: sockets) { server }
            end.onLost = { _ in try? reactor.stop() }
            server.onMade = { $0.transport.loseConnection() }
            try connect(reactor, to: port, ProxyHeader(source: client, destination: service), end)
        }
        #expect(server.peer == client && end.reason?.isClean == true)
    }

    @Test func endpointsWithOtherSettingsDiffer() throws {
        let settings = ProxySettings(trusting: [.unix])
        let plain = ServerEndpoint.tcp(port: 1)
        let proxied = plain.proxyProtocol(settings)
        #expect(proxied != plain && proxied == proxied && proxied != plain.proxyProtocol(settings))
        #expect(proxied.text == nil && plain.text != nil && Set([proxied, proxied, plain]).count == 2)
        let target = ClientEndpoint.tcp(host: "a", port: 1)
        #expect(target.sendingProxyHeader(.local) != target && target.sendingProxyHeader(.local).text == nil)
    }

    /// Whatever the network does, the protocol sees the addresses of the header, and every byte behind it.
    @Test func faultsOfTheNetworkLoseNothing() throws {
        try Simulation.check(seeds: 0..<300, faults: .harmless) { network in
            let (server, end) = (ProxyEnd(), ProxyEnd())
            let text = String(repeating: "behind the header. ", count: 200)
            end.echoes = false
            end.onMade = { $0.transport.write(text) }
            end.onData = { if $0.received.utf8.count == text.utf8.count { $0.transport.loseConnection() } }
            let settings = ProxySettings(trusting: AddressPrefix.everyone)
            try network.host("server").listen(.tcp(port: 7).proxyProtocol(settings)) { server }
            let endpoint = ClientEndpoint.tcp(host: "server", port: 7)
                .sendingProxyHeader(ProxyHeader(version: .v1, source: client, destination: service))
            try network.host("client").connect(endpoint) { end }
            network.run { end.reason != nil && server.reason != nil }
            network.expect(server.received == text && end.received == text, "\(server.received.utf8.count) bytes")
            network.expect(server.peer == client && server.reason?.isClean == true, "\(server.calls)")
        }
    }
}
