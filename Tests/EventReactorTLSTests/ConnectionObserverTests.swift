import EventReactorCore
import EventReactorTLS
import EventReactorTesting
import Testing

/// An observer of a connector follows the connection above the layer.
@Suite("TLS: observers of connections")
struct ConnectionObserverTests {
    private final class Observer: ConnectionObserver {
        private(set) var calls: [String] = []
        private(set) var isReleased = false
        private let session: Recorder

        init(of session: Recorder) { self.session = session }

        func connectionEstablished(_ protocol: Protocol) {
            calls.append("established after \(session.calls.last ?? "nothing")")
            if `protocol` !== session { calls.append("of another protocol") }
        }

        func connectionEnded(_ reason: ConnectionLostReason) {
            calls.append("ended after \(session.calls.last ?? "nothing"): \(reason)")
        }

        func reactorReleased() -> [Any] {
            isReleased = true
            return []
        }
    }

    private final class Made: Factory {
        private let session: Protocol
        init(_ session: Protocol) { self.session = session }
        override func buildProtocol(for peer: SocketAddress) -> Protocol? { session }
    }

    private func connect(
        serverName: String = "localhost", session: Recorder, observer: Observer
    ) throws -> (SimulatedReactor, failures: () -> Int) {
        let reactor = SimulatedReactor(seed: 1)
        let server = Recorder.echo()
        try reactor.listen(.tcp(port: 7).tls(Authority.server())) { server }
        var failures = 0
        let context = try TLSClientContext(Authority.clientSettings(serverName))
        _ = try reactor.connect(
            ClientEndpoint.tcp(host: "localhost", port: 7).tls(context), options: StreamOptions(),
            factory: Made(session), observer: observer, onFailure: { _ in failures += 1 })
        reactor.run(within: .seconds(10)) { session.isMade || failures > 0 }
        return (reactor, { failures })
    }

    @Test func anObserverLearnsOfTheConnectionAboveTheLayer() throws {
        let session = Recorder()
        let observer = Observer(of: session)
        let (reactor, failures) = try connect(session: session, observer: observer)
        #expect(observer.calls == ["established after made"])
        session.transport.loseConnection()
        reactor.run(within: .seconds(10)) { session.reason != nil }
        #expect(observer.calls == ["established after made", "ended after lost: connection closed in order"])
        #expect(failures() == 0 && !observer.isReleased)
    }

    @Test func aHandshakeThatFailsIsAFailureOfTheConnectAlone() throws {
        let session = Recorder()
        let observer = Observer(of: session)
        let (reactor, failures) = try connect(serverName: "other.example", session: session, observer: observer)
        reactor.advance(by: .seconds(10))
        #expect(failures() == 1 && observer.calls == [])
    }

    @Test func aReactorThatGoesIsReportedOnce() throws {
        let session = Recorder()
        let observer = Observer(of: session)
        do {
            let scene = try connect(session: session, observer: observer)
            #expect(scene.failures() == 0)
        }
        #expect(observer.isReleased && observer.calls == ["established after made"])
    }
}
