/// Runs test scenarios in many simulated networks, each with the faults of its own seed.
///
/// ```swift
/// @Test func everyMessageArrives() throws {
///     try Simulation.check(seeds: 0..<1000, faults: .harmless) { network in
///         let client = Client(sends: ["one", "two"])
///         try network.host("server").listenTCP(port: 7) { Server() }
///         try network.host("client").connectTCP(host: "server", port: 7) { client }
///         network.runUntilIdle()
///         network.expect(client.answers == ["one", "two"], "got \(client.answers)")
///     }
/// }
/// ```
public enum Simulation {
    /// Runs a scenario once for each seed, until one run fails.
    ///
    /// A run fails if the scenario throws, or if an ``SimulatedNetwork/expect(_:_:)`` is false. The failing run is then
    /// repeated with fewer kinds of faults and with fewer faults while it still fails, up to 1000 times, so that the
    /// reported faults are few and relevant. It blocks until done, and uses no time of the wall clock for waiting.
    ///
    /// - Parameters:
    ///   - seeds: The seeds, tried in order.
    ///   - faults: The kinds of faults to inject, all by default; each seed selects some of them.
    ///   - scenario: Sets up hosts in a new network, runs it, and checks the result.
    /// - Throws: ``SimulationFailure``, whose description has the seed, the faults and the record of the run.
    public static func check(
        seeds: Range<UInt64>, faults: Faults = .all, _ scenario: (SimulatedNetwork) throws -> Void
    ) throws(SimulationFailure) {
        for seed in seeds {
            let network = SimulatedNetwork(seed: seed, faults: choose(from: faults, seed: seed))
            guard let failure = run(seed, network, scenario) else { continue }
            throw withoutActuallyEscaping(scenario) { scenario in
                var shrinking = Shrinking(failure) { run(seed, SimulatedNetwork(seed: seed, only: $0), scenario) }
                shrinking.run()
                return shrinking.least
            }
        }
    }

    /// Repeats one run with the seed and faults of a ``SimulationFailure``.
    ///
    /// - Parameters:
    ///   - seed: The seed of the run.
    ///   - only: The indices of the faults to inject, by kind: ``SimulationFailure/faults``.
    ///   - scenario: The same scenario.
    /// - Throws: ``SimulationFailure`` if the run fails.
    public static func replay(
        seed: UInt64, only: [Faults: [Int]], _ scenario: (SimulatedNetwork) throws -> Void
    ) throws(SimulationFailure) {
        if let failure = run(seed, SimulatedNetwork(seed: seed, only: only), scenario) { throw failure }
    }

    /// Selects some of the kinds: with all of them in every run, some would mask the effect of others.
    private static func choose(from faults: Faults, seed: UInt64) -> Faults {
        var random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15)
        return Faults(rawValue: faults.kinds.reduce(0) { random.oneIn(3) ? $0 : $0 | $1.rawValue })
    }

    private static func run(
        _ seed: UInt64, _ network: SimulatedNetwork, _ scenario: (SimulatedNetwork) throws -> Void
    ) -> SimulationFailure? {
        defer { network.end() }
        var message: String?
        do { try scenario(network) } catch { message = "\(error)" }
        guard let message = network.failure ?? message else { return nil }
        return SimulationFailure(seed: seed, message: message, core: network.core)
    }
}
