import EventReactorTesting
import Testing

@Suite("One seed, one run")
struct DeterminismTests {
    /// Everything at once, and more connections than one.
    static func run(seed: UInt64, faults: Faults = .all) throws -> SimulatedNetwork {
        let network = SimulatedNetwork(seed: seed, faults: faults)
        try Transfer.scenario(network)
        let hub = network.host("hub")
        hub.onDiagnostic = { _ in }
        try hub.listenTCP(port: 9) {
            let end = Recorder()
            end.onData = { end, data in end.transport.write(data) }
            return end
        }
        for name in ["a", "b", "c", "d"] {
            let host = network.host(name)
            host.onDiagnostic = { _ in }
            for number in 1...3 {
                try host.connectTCP(host: "hub", port: 9) {
                    let end = Recorder()
                    end.onMade = { $0.transport.write("\(name) \(number)") }
                    return end
                }
            }
        }
        network.advance(by: .seconds(5))
        for name in ["hub", "c", "a"] { try? network.host(name).stop() }
        network.advance(by: .seconds(100))
        network.end()
        return network
    }

    @Test func theSameSeedGivesTheSameTrace() throws {
        for seed in 0..<20 as Range<UInt64> {
            let first = try DeterminismTests.run(seed: seed)
            let second = try DeterminismTests.run(seed: seed)
            #expect(first.trace == second.trace && first.digest == second.digest)
            #expect(first.now == second.now)
        }
    }

    @Test func otherSeedsGiveOtherTraces() throws {
        let digests = try (0..<20 as Range<UInt64>).map { try DeterminismTests.run(seed: $0).digest }
        #expect(Set(digests).count == 20)
    }

    // Each process has another hash seed: a trace that depended on it would differ.
    @Test func anotherProcessGivesTheSameTrace() async throws {
        let digests = try (0..<20 as Range<UInt64>).map { try DeterminismTests.run(seed: $0).digest }
        await #expect(processExitsWith: .success) { [digests = digests as [UInt64]] in
            let others = try (0..<20 as Range<UInt64>).map { try DeterminismTests.run(seed: $0).digest }
            #expect(others == digests)
        }
    }

    @Test func randomNumbersAreTheSameEverywhere() {
        var random = SeededRandom(seed: 1)
        #expect(random.next() == 0xB3F2_AF6D_0FC7_10C5)
        let numbers = (0..<1000).map { _ in random.integer(in: -3...3) }
        #expect(Set(numbers) == Set(-3...3))
        #expect((0..<1000).allSatisfy { _ in (3...1000).contains(random.magnitude(in: 3...1000)) })
        #expect(random.integer(in: .min ... .max) != random.integer(in: .min ... .max))
    }
}
