import EventReactorProtocols
import EventReactorTLS
import EventReactorTesting
import TestSupport
import Testing

@Suite("PROXY protocol: observers of connectors")
struct ProxyObserverTests {
    private let client = try! SocketAddress(ip: "203.0.113.7", port: 50_001)
    private let service = try! SocketAddress(ip: "198.51.100.2", port: 443)

    /// As clients that reconnect and pools have one.
    private final class Observer: ConnectionObserver {
        var calls: [String] = []
        var established: Protocol?

        func connectionEstablished(_ protocol: Protocol) {
            calls.append("established")
            established = `protocol`
        }

        func connectionEnded(_ reason: ConnectionLostReason) { calls.append("ended") }
        func reactorReleased() -> [Any] { [] }
    }

    @Test(arguments: ProxyEngine.allCases, 0...2)
    func anObserverOfAConnectorLearnsOfTheProtocolBehindTheHeader(_ engine: ProxyEngine, _ order: Int) throws {
        let (server, end, observer) = (ProxyEnd(), ProxyEnd(), Observer())
        let context = try ProxyTLSContexts.server()
        let trusted = try ProxyTLSContexts.client()
        let header = ProxyHeader(source: client, destination: service)
        end.echoes = false
        server.onMade = { $0.transport.write("hello") }
        end.onData = { end in
            guard end.received == "hello" else { return }
            #expect(observer.calls == ["established"] && observer.established === end)
            end.transport.loseConnection()
        }
        try engine.run { reactor in
            let proxied = ProxySettings(trusting: AddressPrefix.loopback)
            let plain = ServerEndpoint.tcp(port: 0, host: "127.0.0.1")
            let listening = [
                plain.proxyProtocol(proxied), plain.proxyProtocol(proxied).tls(context),
                plain.tls(context).proxyProtocol(proxied),
            ][order]
            let port = try reactor.listen(listening) { server }
            for each in [server, end] {
                each.onLost = { _ in if server.reason != nil && end.reason != nil { try? reactor.stop() } }
            }
            let address = ClientEndpoint.address(port.localAddress)
            let connecting = [
                address.sendingProxyHeader(header), address.sendingProxyHeader(header).tls(trusted),
                address.tls(trusted).sendingProxyHeader(header),
            ][order]
            _ = try reactor.connect(
                connecting, options: StreamOptions(), factory: ProxyFactoryRecorder { end }, observer: observer
            ) {
                Issue.record($0)
                try? reactor.stop()
            }
        }
        #expect(observer.calls == ["established", "ended"] && server.peer == client && end.received == "hello")
    }
}
