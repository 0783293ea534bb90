import EventReactorTesting
import Testing

/// A server that answers each line, and mistakes each piece of the stream for a line.
private final class Careless: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write("<\(String(decoding: data, as: UTF8.self).dropLast())>\n")
    }
}

@Suite("Simulation.check")
struct SimulationTests {
    private static func scenario(_ network: SimulatedNetwork) throws {
        try network.host("server").listenTCP(port: 7) { Careless() }
        let client = Recorder()
        client.onMade = { $0.transport.write("one\n") }
        client.onData = { client, _ in if client.text == "<one>\n" { client.transport.write("two\n") } }
        try network.host("client").connectTCP(host: "server", port: 7) { client }
        network.advance(by: .seconds(60))
        network.expect(client.text == "<one>\n<two>\n", "the client got \(client.text.debugDescription)")
    }

    @Test func aPlainRunMissesTheFramingBug() throws {
        try Simulation.check(seeds: 0..<100, faults: [], SimulationTests.scenario)
    }

    @Test func theSimulatedNetworkFindsTheFramingBug() throws {
        let failure = try #require(throws: SimulationFailure.self) {
            try Simulation.check(seeds: 0..<100, faults: .harmless, SimulationTests.scenario)
        }
        // One of all kinds of faults is the cause, and one occurrence is enough.
        #expect(failure.faults.keys.map { $0 } == [.splitting] && failure.faults[.splitting]?.count == 1)
        #expect(failure.description.contains("seed \(failure.seed) fails with 1 fault of [.splitting]"))
        #expect(failure.trace.contains("client:49152 -> server:7 sends"))
        let again = #expect(throws: SimulationFailure.self) {
            try Simulation.replay(seed: failure.seed, only: failure.faults, SimulationTests.scenario)
        }
        #expect(again?.trace == failure.trace && again?.message == failure.message)
    }

    @Test func aThrownErrorFailsTheRun() {
        struct Wrong: Error {}
        let failure = #expect(throws: SimulationFailure.self) {
            try Simulation.check(seeds: 5..<10) { _ in throw Wrong() }
        }
        #expect(failure?.seed == 5 && failure?.message == "Wrong()" && failure?.faults.isEmpty == true)
    }

    @Test func theFirstFailureCounts() {
        let network = SimulatedNetwork(seed: 1)
        #expect(network.expect(true, "fine"))
        network.fail("first")
        network.fail("second")
        #expect(network.failure == "first")
        #expect(network.trace.hasSuffix("FAILURE: first\n    0.000000000  FAILURE: second\n"))
    }

    @Test func networksOfPastRunsAreLetGo() throws {
        weak var last: SimulatedNetwork?
        try Simulation.check(seeds: 0..<3) { network in
            last = network
            network.host("host").callLater(.seconds(1)) { network.note("never") }
        }
        #expect(last == nil)
    }
}
