import EventReactorTesting
import Testing

@Suite("SimulatedReactor")
struct SimulatedReactorTests {
    @Test func runJumpsFromEventToEvent() throws {
        let reactor = SimulatedReactor(seed: 1)
        var times: [Duration] = []
        let start = reactor.now
        for hours in [3, 1, 2] {
            reactor.callLater(.seconds(3600 * hours)) { times.append(start.duration(to: reactor.now)) }
        }
        reactor.callLater(.seconds(4 * 3600)) { try? reactor.stop() }
        try reactor.run()
        #expect(times == [1, 2, 3].map { .seconds(3600 * $0) })
        #expect(start.duration(to: reactor.now) == .seconds(4 * 3600))
    }

    @Test func aRunInWhichNothingCanHappenEnds() throws {
        let reactor = SimulatedReactor(seed: 1)
        var hooks: [String] = []
        reactor.onStartup { hooks.append("startup") }
        reactor.onShutdown { hooks.append("shutdown") }
        try reactor.run()
        #expect(hooks == ["startup", "shutdown"] && !reactor.isRunning)
        try reactor.run()
        #expect(hooks.count == 4)
    }

    @Test func timePassesAsFarAsIsAskedFor() {
        let reactor = SimulatedReactor(seed: 1)
        var fired = 0
        reactor.callLater(.seconds(10)) { fired += 1 }
        let start = reactor.now
        reactor.advance(by: .milliseconds(9_999))
        #expect(fired == 0)
        reactor.advance(by: .milliseconds(1))
        #expect(fired == 1)
        reactor.run(until: start.advanced(by: .seconds(20)))
        #expect(start.duration(to: reactor.now) == .seconds(20))
        reactor.callLater(.seconds(5)) { fired += 1 }
        #expect(reactor.run { fired == 2 })
        #expect(start.duration(to: reactor.now) == .seconds(25))
        #expect(!reactor.run(within: .seconds(1)) { fired == 3 })
    }

    @Test func aTimerThatSetsItselfAnewDoesNotHoldTheClock() {
        let reactor = SimulatedReactor(seed: 1)
        var isOver = false
        func again() { if !isOver { reactor.callLater(.zero, again) } }
        again()
        reactor.callLater(.milliseconds(1)) { isOver = true }
        reactor.advance(by: .seconds(1))
        #expect(isOver)
    }

    @Test func stepsAndRunGoTogether() throws {
        let reactor = SimulatedReactor(seed: 1)
        reactor.advance(by: .seconds(1))
        #expect(reactor.isRunning)
        reactor.callLater(.seconds(1)) {
            #expect(throws: ReactorError.alreadyRunning) { try reactor.run() }
            reactor.advance(by: .seconds(5))
            try? reactor.stop()
        }
        try reactor.run()
        #expect(!reactor.isRunning)
        #expect(throws: ReactorError.notRunning) { try reactor.stop() }
    }

    @Test func aServerAndItsClientLiveInOneReactor() throws {
        let reactor = SimulatedReactor(seed: 1)
        let client = Recorder()
        client.onMade = { $0.transport.write("ping") }
        client.onData = { _, _ in try reactor.stop() }
        try reactor.listenTCP(port: 7) {
            let server = Recorder()
            server.onData = { server, data in server.transport.write(data) }
            return server
        }
        try reactor.connectTCP(host: "localhost", port: 7) { client }
        try reactor.run()
        #expect(client.text == "ping")
        if case .reactorStopped = client.reason {} else { Issue.record("\(client.reason as Any)") }
    }

    @Test func blockingWorkIsDoneInTheNextTurn() {
        let reactor = SimulatedReactor(seed: 1)
        var result = 0
        reactor.deferToThread {
            6 * 7
        } then: {
            result = (try? $0.get()) ?? -1
        }
        #expect(result == 0)
        reactor.advance(by: .zero)
        #expect(result == 42)
    }

    @Test func whatIsPostedIsTakenAtTheNextStep() {
        let reactor = SimulatedReactor(seed: 1)
        reactor.advance(by: .zero)
        reactor.remote.callFromThread { reactor in reactor.network.note("taken") }
        reactor.advance(by: .zero)
        #expect(reactor.network.trace.hasSuffix("taken\n"))
        reactor.remote.stop()
        reactor.advance(by: .zero)
        #expect(!reactor.isRunning)
    }

    @Test func aReactorThatGoesTakesItsConnectionsAlong() throws {
        let client = Recorder()
        weak var server: Recorder?
        do {
            let reactor = SimulatedReactor(seed: 1)
            try reactor.listenTCP(port: 7) {
                let made = Recorder()
                server = made
                return made
            }
            try reactor.connectTCP(host: "localhost", port: 7) { client }
            reactor.advance(by: .seconds(1))
            #expect(client.calls == ["made"] && server != nil)
            client.transport.write("gathered")
        }
        #expect(server == nil)
        client.transport.write("to no one")
        client.transport.abortConnection()
        #expect(client.calls == ["made"] && client.transport.isClosing)
        #expect(client.transport.localAddress.description == "127.0.0.1:49152")
    }
}
