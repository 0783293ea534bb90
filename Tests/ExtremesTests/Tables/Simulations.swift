import EventReactor
import EventReactorTesting
import Testing

extension Parameter {
    /// The simulated network, its hosts and its chances.
    static let simulations: [Parameter] = [
        Parameter(plain: "SimulatedNetwork.seed", Values.seeds) { seed in
            for faults in [[], Faults.all, Faults(rawValue: .max), Faults(rawValue: 1 << 31)] {
                let network = SimulatedNetwork(seed: seed, faults: faults)
                converse(network)
                _ = (network.trace, faults.description)
            }
            let only: [Faults: [Int]] = [.splitting: Values.integers, Faults(rawValue: 1 << 31): [0], []: [1]]
            converse(SimulatedNetwork(seed: seed, only: only))
        },
        network("LinkConditions.latency", Values.durations) { $0.set(LinkConditions(latency: $1)) },
        network("LinkConditions.jitter", Values.durations) { $0.set(LinkConditions(jitter: $1)) },
        network("LinkConditions, both times", Values.durations) { $0.set(LinkConditions(latency: $1, jitter: $1)) },
        network("LinkConditions.bandwidth", Values.optionalIntegers) { $0.set(LinkConditions(bandwidth: $1)) },
        network("LinkConditions.lossRate", Values.numbers) { $0.set(LinkConditions(lossRate: $1)) },
        network("SimulatedNetwork.retransmissionTimeout", Values.durations) {
            $0.retransmissionTimeout = $1
            $0.set(LinkConditions(lossRate: 0.5))
        },
        network("SimulatedReactor.turnTime", Values.durations) { $0.host("server").turnTime = $1 },
        network("SimulatedReactor.descriptorLimit", Values.optionalIntegers) { $0.host("server").descriptorLimit = $1 },
        network("SimulatedReactor.spend", Values.durations) { network, value in
            let server = network.host("server")
            for delay in [0, 1, 60] { server.callLater(.seconds(delay)) { server.spend(value) } }
        },
        network("SimulatedNetwork.advance(by:)", Values.durations) { network, value in
            for other in Values.durations {
                network.advance(by: value)
                network.advance(by: other)
            }
            // The clock has reached its end at most, and calls for the present time still run.
            var called = false
            network.host("server").callSoon { called = true }
            network.advance(by: .zero)
            #expect(called)
        },
        network("SimulatedNetwork.run(within:)", Values.durations) { network, value in
            #expect(!network.run(within: value) { false })
            #expect(network.run(within: value) { true })
        },
        network("SimulatedNetwork.runUntilIdle(within:)", Values.durations) { $0.runUntilIdle(within: $1) },
        network("SimulatedReactor.run(until:)", Values.durations) {
            let server = $0.host("server")
            server.run(until: server.now.advanced(by: $1))
        },
        Parameter(plain: "SimulatedNetwork.host", Values.texts) { name in
            let network = SimulatedNetwork(seed: 1)
            #expect(network.host(name) === network.host(name) && network.host(name).name == name)
            converse(network)
            #expect(network.trace.utf8.count > 0)
        },
        Parameter(plain: "SimulatedNetwork.note and fail", Values.texts) { text in
            let network = SimulatedNetwork(seed: 1)
            network.note(text)
            network.expect(false, text)
            #expect(network.failure == text && !network.trace.isEmpty)
        },
        Parameter(plain: "Simulation.check(seeds:)", Values.seeds, .worksOrFails(SimulationFailure.self)) { seed in
            try Simulation.check(seeds: seed..<seed) { _ in Issue.record("there is no seed") }
            let last = min(seed, .max - 3)
            try Simulation.check(seeds: last..<last + 3, faults: Faults(rawValue: .max)) { converse($0) }
            try Simulation.replay(seed: seed, only: [.resets: Values.integers]) { $0.fail("as it is to be") }
        },
        Parameter(plain: "SeededRandom", Values.integers) { value in
            for seed in Values.seeds {
                var random = SeededRandom(seed: seed)
                for other in Values.integers where other >= value {
                    #expect(value...other ~= random.integer(in: value...other))
                    let magnitude = random.magnitude(in: value...other)
                    #expect(value < 1 || value...other ~= magnitude)
                }
                _ = random.oneIn(value)
                if value <= 65_536 { #expect(random.bytes(count: value).count == max(0, value)) }
            }
        },
    ]

    /// A setting of a network, under which two hosts converse.
    private static func network<Value: Sendable>(
        _ name: String, _ values: [Value], _ set: @escaping @Sendable (SimulatedNetwork, Value) -> Void
    ) -> Parameter {
        Parameter(plain: name, values) { value in
            let network = SimulatedNetwork(seed: 1)
            set(network, value)
            converse(network)
            // Set again, with a connection that began before.
            let other = SimulatedNetwork(seed: 2, faults: .harmless)
            converse(other, ending: false)
            set(other, value)
            converse(other)
        }
    }

    /// Has one host send to another for a while, and then lets the clock run as far as it goes.
    private static func converse(_ network: SimulatedNetwork, ending ends: Bool = true) {
        var options = ListenOptions()
        options.stream.keepAlive = .init(idle: .seconds(Int64.max), interval: .seconds(Int64.max), count: .max)
        _ = try? network.host("server").listenTCP(port: 7, options: options) { Talker(says: 0) }
        _ = try? network.host("client").connectTCP(
            host: "server", port: 7, timeout: .seconds(Int64.max), options: options.stream, { Talker(says: 100_000) },
            onFailure: { _ in })
        network.runUntilIdle(within: .seconds(100))
        guard ends else { return }
        // Peers that are open for a century would send keep-alive probes all the time.
        network.resetConnections(between: network.host("server"), network.host("client"))
        network.advance(by: .seconds(Int64.max))
        _ = (network.host("server").metrics.description, network.trace, network.digest)
        network.end()
    }
}

extension SimulatedNetwork {
    fileprivate func set(_ conditions: LinkConditions) {
        setLink(host("client"), host("server"), conditions)
        setLink(host("server"), host("server"), conditions)
        _ = self.conditions(from: host("client"), to: host("server"))
    }
}

/// Sends a message, and echoes the first bytes that it receives.
private final class Talker: Protocol {
    private let amount: Int
    private var heard = 0

    init(says amount: Int) {
        self.amount = amount
    }

    override func connectionMade() {
        transport.write([UInt8](repeating: 1, count: amount))
    }

    override func dataReceived(_ data: Span<UInt8>) {
        heard += data.count
        if heard < 1000 { transport.write(data) }
    }
}
