import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

/// A client and its server on one simulated host.
final class ReconnectScene {
    let reactor = SimulatedReactor(seed: 1)
    let client: ReconnectingClient
    private(set) var log: [String] = []
    private(set) var delays: [Duration?] = []
    private(set) var sessions: [ScriptedSession] = []
    private(set) var served: [ScriptedSession] = []
    /// Prepares each new session of the client.
    var prepare: (ScriptedSession) -> Void = { _ in }
    /// Called after each entry of the log.
    var onLog: (String) -> Void = { _ in }
    private var port: ListeningPort?

    init(policy: ReconnectPolicy = ReconnectPolicy(), seed: UInt64 = 1) throws {
        let scene = Unowned()
        client = try ReconnectingClient(
            to: .tcp(host: "localhost", port: 7), on: reactor, policy: policy, random: SeededRandom(seed: seed)
        ) { scene.object?.makeSession() }
        scene.object = self
        client.onConnected = { [unowned self] _ in note("connected") }
        client.onFailure = { [unowned self] error, delay in
            delays.append(delay)
            if case .cancelled = error { note("cancelled") } else { note("failed") }
        }
        client.onLoss = { [unowned self] reason, delay in
            delays.append(delay)
            note(isStop(reason) ? "stopped" : "lost")
        }
    }

    private final class Unowned {
        weak var object: ReconnectScene?
    }

    func note(_ text: String) {
        log.append(text)
        onLog(text)
    }

    private func makeSession() -> ScriptedSession {
        let session = ScriptedSession()
        sessions.append(session)
        prepare(session)
        return session
    }

    func serve(_ prepare: @escaping (ScriptedSession) -> Void = { _ in }) throws {
        port = try reactor.listenTCP(port: 7) { [unowned self] in
            let session = ScriptedSession()
            served.append(session)
            prepare(session)
            return session
        }
    }

    func stopServing() { port?.stopListening() }

    func waitForState(_ state: ReconnectingClient.State) -> Bool {
        reactor.run(within: .seconds(1_000)) { client.state == state }
    }
}

@Suite("ReconnectingClient")
struct ReconnectingClientTests {
    @Test func delaysAreDecorrelatedAndNeverLongerThanTheMaximum() throws {
        let policy = ReconnectPolicy(initialDelay: .milliseconds(100), maximumDelay: .seconds(20))
        let scene = try ReconnectScene(policy: policy)
        scene.client.start()
        scene.reactor.run(within: .seconds(100_000)) { scene.delays.count == 1_000 }
        let delays = scene.delays.compactMap { $0 }
        #expect(delays.count == 1_000 && Set(delays).count > 100)
        var previous = policy.initialDelay
        for delay in delays {
            #expect(delay >= policy.initialDelay && delay <= min(policy.maximumDelay, previous * 3))
            previous = delay
        }
        #expect(delays.contains(policy.maximumDelay))
        #expect(scene.log == Array(repeating: "failed", count: 1_000))
    }

    @Test func aSeedDecidesTheDelays() throws {
        func delays(_ seed: UInt64) throws -> [Duration?] {
            let scene = try ReconnectScene(seed: seed)
            scene.client.start()
            scene.reactor.run(within: .seconds(100_000)) { scene.delays.count == 20 }
            return scene.delays
        }
        #expect(try delays(7) == delays(7))
        #expect(try delays(7) != delays(8))
    }

    @Test func theMaximumHoldsIfTheInitialDelayIsLonger() throws {
        let policy = ReconnectPolicy(initialDelay: .seconds(50), maximumDelay: .seconds(2))
        let scene = try ReconnectScene(policy: policy)
        scene.client.start()
        scene.reactor.run(within: .seconds(1_000)) { scene.delays.count == 5 }
        #expect(scene.delays == Array(repeating: .seconds(2), count: 5))
    }

    @Test(arguments: [
        ReconnectPolicy(initialDelay: .seconds(-5), maximumDelay: .seconds(-5)),
        ReconnectPolicy(initialDelay: .zero, maximumDelay: .seconds(60)),
        ReconnectPolicy(initialDelay: .seconds(1 << 62), maximumDelay: .seconds(1 << 62)),
    ])
    func absurdDelaysNeitherTrapNorSpin(_ policy: ReconnectPolicy) throws {
        let scene = try ReconnectScene(policy: policy)
        scene.client.start()
        scene.reactor.advance(by: .milliseconds(100))
        #expect((1...101).contains(scene.delays.count))
        #expect(scene.delays.allSatisfy { $0.map { $0 >= .milliseconds(1) } ?? false })
    }

    @Test func itConnectsAgainAfterTheTimeThatItSaid() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.client.start()
        #expect(scene.waitForState(.connected))
        #expect(scene.client.session === scene.sessions[0])
        scene.served[0].transport.abortConnection()
        #expect(scene.waitForState(.waiting))
        #expect(scene.client.session == nil)
        let delay = try #require(scene.delays[0])
        scene.reactor.advance(by: delay - .nanoseconds(1))
        #expect(scene.client.state == .waiting)
        scene.reactor.advance(by: .nanoseconds(1))
        #expect(scene.client.state == .connecting)
        #expect(scene.waitForState(.connected))
        #expect(scene.log == ["connected", "lost", "connected"])
        #expect(scene.sessions.map(\.calls) == [["made", "lost"], ["made"]])
    }

    @Test func onlyAStableConnectionResetsTheDelays() throws {
        let policy = ReconnectPolicy(initialDelay: .seconds(1), maximumDelay: .seconds(600), stableAfter: .seconds(10))
        let scene = try ReconnectScene(policy: policy, seed: 3)
        var life = Duration.seconds(9)
        try scene.serve { [unowned scene] session in
            session.onMade = { session in
                scene.reactor.callLater(life) { session.transport.abortConnection() }
            }
        }
        scene.client.start()
        // None of these connections lives long enough, so the delays go on to grow.
        scene.reactor.run(within: .seconds(100_000)) { scene.delays.compactMap { $0 }.contains { $0 > .seconds(30) } }
        #expect(!scene.log.contains("failed"))
        life = .seconds(11)
        let count = scene.delays.count
        scene.reactor.run(within: .seconds(100_000)) { scene.delays.count > count + 40 }
        // Each is the first of its series.
        #expect(scene.delays.dropFirst(count + 1).allSatisfy { $0! <= .seconds(3) })
    }

    @Test func itGivesUpAfterTheMostAttempts() throws {
        let scene = try ReconnectScene(policy: ReconnectPolicy(maximumAttempts: 3))
        scene.client.start()
        #expect(scene.waitForState(.connecting))
        #expect(scene.waitForState(.stopped))
        #expect(scene.log == ["failed", "failed", "failed"])
        #expect(scene.delays.map { $0 == nil } == [false, false, true])
        #expect(scene.reactor.timers.count == 0)
        scene.client.start()
        #expect(scene.client.state == .connecting)
        #expect(scene.waitForState(.stopped))
        #expect(scene.log.count == 6)
    }

    @Test func connectionsThatEndAtOnceUseUpTheAttempts() throws {
        let scene = try ReconnectScene(policy: ReconnectPolicy(maximumAttempts: 2))
        try scene.serve { session in session.onMade = { $0.transport.loseConnection() } }
        scene.client.start()
        #expect(scene.reactor.run(within: .seconds(100)) { scene.log.count == 4 })
        #expect(scene.log == ["connected", "lost", "connected", "lost"])
        #expect(scene.client.state == .stopped)
    }

    @Test func aStableConnectionResetsTheCountOfAttempts() throws {
        let scene = try ReconnectScene(policy: ReconnectPolicy(stableAfter: .zero, maximumAttempts: 1))
        try scene.serve { session in session.onMade = { $0.transport.loseConnection() } }
        scene.client.start()
        #expect(scene.reactor.run(within: .seconds(1_000)) { scene.sessions.count == 10 })
        scene.stopServing()
        #expect(scene.waitForState(.stopped))
        #expect(scene.log.last == "failed" && scene.delays.last! == nil)
    }

    @Test func anErrorInConnectionMadeIsALossWithoutAConnection() throws {
        let scene = try ReconnectScene()
        try scene.serve()
        scene.prepare = { $0.onMade = { _ in throw ScriptedError() } }
        scene.client.start()
        #expect(scene.waitForState(.waiting))
        #expect(scene.log == ["lost"])
    }

    @Test func aFactoryThatRefusesCountsAsAFailure() throws {
        let reactor = SimulatedReactor(seed: 1)
        try reactor.listenTCP(port: 7) { ScriptedSession() }
        let client = try ReconnectingClient(to: .tcp(host: "localhost", port: 7), on: reactor) { nil }
        var errors: [ConnectError] = []
        client.onFailure = { error, _ in errors.append(error) }
        client.start()
        reactor.run(within: .seconds(100)) { errors.count == 2 }
        #expect(errors == [.cancelled(to: "localhost:7"), .cancelled(to: "localhost:7")])
    }

    @Test func aProtocolThatIsUsedTwiceCountsAsAFailure() throws {
        let reactor = SimulatedReactor(seed: 1)
        reactor.onDiagnostic = { _ in }
        try reactor.listenTCP(port: 7) { ScriptedSession() }
        let session = ScriptedSession()
        let client = try ReconnectingClient(to: .tcp(host: "localhost", port: 7), on: reactor) { session }
        var failures = 0
        client.onFailure = { _, _ in failures += 1 }
        client.start()
        reactor.run(within: .seconds(1)) { client.state == .connected }
        session.transport.abortConnection()
        #expect(reactor.run(within: .seconds(1_000)) { failures == 2 })
    }

    @Test func failuresWithoutAClosureAreDiagnostics() throws {
        let reactor = SimulatedReactor(seed: 1)
        var reports: [ReactorDiagnostic] = []
        reactor.onDiagnostic = { reports.append($0) }
        let client = try ReconnectingClient(to: .tcp(host: "localhost", port: 7), on: reactor) { nil }
        client.start()
        reactor.run(within: .seconds(100)) { reports.count == 2 }
        #expect(reports.allSatisfy { if case .connectFailed = $0 { true } else { false } })
    }

    @Test func anImpossibleEndpointIsAnErrorOfTheInit() {
        let reactor = SimulatedReactor(seed: 1)
        #expect(throws: AddressError.invalidPort(0)) {
            try ReconnectingClient(to: .tcp(host: "localhost", port: 0), on: reactor) { nil }
        }
    }
}
