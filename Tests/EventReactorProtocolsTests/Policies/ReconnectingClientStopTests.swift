import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

@Suite("ReconnectingClient: stopping")
struct ReconnectingClientStopTests {
    /// Checks that nothing is called any more, and that no timer is left.
    private func expectNothingMore(_ scene: ReconnectScene, sourceLocation: SourceLocation = #_sourceLocation) {
        let count = scene.log.count
        #expect(scene.client.state == .stopped, sourceLocation: sourceLocation)
        scene.reactor.advance(by: .seconds(1_000))
        #expect(scene.log.count == count, "\(scene.log)", sourceLocation: sourceLocation)
        #expect(scene.client.state == .stopped, sourceLocation: sourceLocation)
        #expect(scene.reactor.timers.count == 0, sourceLocation: sourceLocation)
    }

    @Test func inTheTurnOfTheStart() throws {
        let scene = try ReconnectScene()
        scene.client.start()
        scene.client.stop()
        expectNothingMore(scene)
        #expect(scene.log == [])
    }

    @Test func whileConnecting() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.client.start()
        scene.reactor.advance(by: .microseconds(1))
        #expect(scene.client.state == .connecting)
        scene.client.stop()
        expectNothingMore(scene)
        #expect(scene.log == [] && scene.reactor.connectionCount == 0)
    }

    @Test func whileWaiting() throws {
        let scene = try ReconnectScene()
        scene.client.start()
        #expect(scene.waitForState(.waiting))
        scene.client.stop()
        expectNothingMore(scene)
    }

    @Test func whileConnectedItClosesTheConnection() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.client.start()
        #expect(scene.waitForState(.connected))
        scene.sessions[0].transport.write("last words")
        scene.client.stop()
        #expect(scene.sessions[0].reason == nil)
        expectNothingMore(scene)
        #expect(scene.sessions[0].reason?.isClean == true)
        #expect(scene.served[0].text == "last words")
        #expect(scene.log == ["connected"])
    }

    @Test func whileConnectedItLeavesTheConnectionIfAsked() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.client.start()
        #expect(scene.waitForState(.connected))
        scene.client.stop(leavesConnection: true)
        expectNothingMore(scene)
        #expect(scene.sessions[0].reason == nil && scene.client.session == nil)
        scene.served[0].transport.abortConnection()
        expectNothingMore(scene)
        #expect(scene.sessions[0].reason != nil && scene.log == ["connected"])
    }

    /// Stops in a callback of the client or of its protocol, and starts again if asked.
    @Test(
        arguments: ["made", "connected", "failed", "lost", "connectionLost"], [false, true])
    func inEachCallback(_ callback: String, starts: Bool) throws {
        let scene = try ReconnectScene()
        if callback != "failed" {
            try scene.serve { [unowned scene] session in
                session.onMade = { session in
                    scene.reactor.callLater(.seconds(1)) { session.transport.abortConnection() }
                }
            }
        }
        var stops = 0
        func stop() {
            guard stops == 0 else { return }
            stops += 1
            scene.client.stop()
            if starts { scene.client.start() }
        }
        scene.prepare = { session in
            session.onMade = { _ in if callback == "made" { stop() } }
            session.onLost = { _ in if callback == "connectionLost" { stop() } }
        }
        scene.onLog = { if $0 == callback { stop() } }
        // `stop` retains the scene.
        defer { (scene.prepare, scene.onLog) = ({ _ in }, { _ in }) }
        scene.client.start()
        #expect(scene.reactor.run(within: .seconds(100)) { stops == 1 })
        let count = scene.log.count
        if starts {
            #expect(scene.client.state == .connecting)
            #expect(scene.reactor.run(within: .seconds(100)) { scene.log.count > count + 2 })
            #expect(scene.reactor.connectionCount <= 2)
            scene.client.stop()
        }
        expectNothingMore(scene)
        #expect(scene.reactor.connectionCount == 0)
        // By the stop, and not by the server a second later.
        if callback == "made" || callback == "connected" { #expect(scene.sessions[0].reason?.isClean == true) }
    }

    @Test func inTheFactory() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.prepare = { [unowned scene] _ in scene.client.stop() }
        scene.client.start()
        scene.reactor.advance(by: .seconds(10))
        expectNothingMore(scene)
        #expect(scene.sessions.count == 1 && scene.sessions[0].calls == [] && scene.log == [])
    }

    @Test func startAndStopTwiceDoNothing() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.client.stop()
        scene.client.start()
        scene.client.start()
        #expect(scene.waitForState(.connected))
        scene.client.start()
        #expect(scene.sessions.count == 1)
        scene.client.stop()
        scene.client.stop()
        expectNothingMore(scene)
    }

    @Test func aFactoryIsUsedFromStartToStop() throws {
        final class CountingFactory: Factory {
            var calls: [String] = []
            override func start() { calls.append("start") }
            override func stop() { calls.append("stop") }
            override func buildProtocol(for peer: SocketAddress) -> Protocol? {
                calls.append("build")
                let session = ScriptedSession()
                session.onMade = { $0.transport.loseConnection() }
                return session
            }
        }
        let reactor = SimulatedReactor(seed: 1)
        try reactor.listenTCP(port: 7) { ScriptedSession() }
        let factory = CountingFactory()
        let client = try ReconnectingClient(
            to: .tcp(host: "localhost", port: 7), on: reactor, policy: ReconnectPolicy(maximumAttempts: 2),
            factory: factory)
        client.start()
        #expect(reactor.run(within: .seconds(100)) { client.state == .stopped })
        #expect(factory.calls == ["start", "build", "build", "stop"])
        client.start()
        client.stop()
        #expect(factory.calls.suffix(2) == ["start", "stop"])
    }

    // MARK: The reactor's stop

    @Test func aStopOfTheReactorEndsAWait() throws {
        let scene = try ReconnectScene()
        scene.client.start()
        #expect(scene.waitForState(.waiting))
        try scene.reactor.stop()
        scene.reactor.advance(by: .zero)
        #expect(!scene.reactor.isRunning)
        #expect(scene.client.state == .stopped && scene.reactor.timers.count == 0)
        #expect(scene.log == ["failed"])
        // It can be used in the next run.
        try scene.serve()
        scene.client.start()
        scene.onLog = { [unowned scene] in if $0 == "connected" { try? scene.reactor.stop() } }
        try scene.reactor.run()
        #expect(scene.log == ["failed", "connected", "stopped"])
    }

    @Test func aStopOfTheReactorEndsAConnect() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.client.start()
        scene.reactor.advance(by: .microseconds(1))
        try scene.reactor.stop()
        scene.reactor.advance(by: .zero)
        #expect(scene.log == ["cancelled"] && scene.delays == [nil])
        #expect(scene.client.state == .stopped && scene.reactor.timers.count == 0)
    }

    @Test func aStopOfTheReactorEndsTheConnection() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.client.start()
        #expect(scene.waitForState(.connected))
        try scene.reactor.stop()
        scene.reactor.advance(by: .zero)
        #expect(scene.log == ["connected", "stopped"] && scene.delays == [nil])
        #expect(scene.client.state == .stopped && scene.reactor.timers.count == 0)
    }

    @Test func aDrainIsNotHeldUpByAClientThatWaits() throws {
        let scene = try ReconnectScene()
        scene.client.start()
        #expect(scene.waitForState(.waiting))
        try scene.reactor.stop(drainingFor: .seconds(100))
        scene.reactor.advance(by: .zero)
        #expect(!scene.reactor.isRunning && scene.client.state == .stopped && scene.reactor.timers.count == 0)
    }

    @Test func aLossInADrainIsTheLast() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.client.start()
        #expect(scene.waitForState(.connected))
        try scene.reactor.stop(drainingFor: .seconds(100))
        scene.served[0].transport.loseConnection()
        scene.reactor.advance(by: .seconds(1))
        #expect(scene.log == ["connected", "lost"] && scene.delays == [nil])
        #expect(!scene.reactor.isRunning && scene.client.state == .stopped)
    }

    @Test(arguments: [ReconnectingClient.State.connecting, .connected, .waiting])
    func aReactorThatGoesLeavesAHarmlessClient(_ state: ReconnectingClient.State) throws {
        weak var released: ReactorBase?
        weak var session: ScriptedSession?
        var client: ReconnectingClient?
        do {
            let reactor = SimulatedReactor(seed: 1)
            released = reactor
            if state != .waiting { try reactor.listenTCP(port: 7) { ScriptedSession() } }
            client = try ReconnectingClient(to: .tcp(host: "localhost", port: 7), on: reactor) {
                let made = ScriptedSession()
                session = made
                return made
            }
            client?.onFailure = { _, _ in }
            client?.start()
            if state == .connecting {
                reactor.advance(by: .microseconds(1))
            } else {
                reactor.run(within: .seconds(1)) { client?.state == state }
            }
            #expect(client?.state == state)
        }
        #expect(released == nil && session == nil)
        #expect(client?.state == .stopped)
        client?.start()
        client?.stop()
        weak let last = client
        client = nil
        #expect(last == nil)
    }

    @Test func aClosedReactorReleasesAClient() throws {
        let reactor = SimulatedReactor(seed: 1)
        weak var client: ReconnectingClient?
        do {
            let made = try ReconnectingClient(to: .tcp(host: "localhost", port: 7), on: reactor) { nil }
            made.onFailure = { _, _ in }
            client = made
            made.start()
            reactor.run(within: .seconds(1)) { made.state == .waiting }
        }
        // The reactor retains one that waits.
        #expect(client?.state == .waiting)
        reactor.close()
        #expect(client == nil)
    }

    @Test(arguments: PolicyEngine.allCases)
    func itConnectsAgainOnEveryEngine(_ engine: PolicyEngine) throws {
        let reactor = try engine.makeReactor()
        var served = 0
        let endpoint = try reactor.listenLocally {
            served += 1
            let session = ScriptedSession.echo()
            if served < 4 { session.onMade = { $0.transport.abortConnection() } }
            return session
        }
        let policy = ReconnectPolicy(initialDelay: .milliseconds(1), maximumDelay: .milliseconds(20))
        let client = try ReconnectingClient(to: endpoint, on: reactor, policy: policy) {
            let session = ScriptedSession()
            session.onMade = { $0.transport.write("ping") }
            session.onData = { session, _ in if session.text == "ping" { try reactor.stop() } }
            return session
        }
        var losses = 0
        client.onFailure = { _, _ in losses += 1 }
        client.onLoss = { reason, delay in
            if !isStop(reason) { losses += 1 }
            #expect((delay == nil) == isStop(reason))
        }
        client.start()
        try reactor.run()
        #expect(losses == 3 && served == 4 && client.state == .stopped)
        reactor.close()
    }
}
