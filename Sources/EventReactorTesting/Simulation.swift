/// Runs a scenario in many simulated networks, each with the faults of its own seed.
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
    /// Runs a scenario once for each seed, until one fails.
    ///
    /// A run fails where the scenario throws, or says so by ``SimulatedNetwork/expect(_:_:)``. The failing run is then
    /// repeated with fewer kinds of faults and with fewer faults, for as long as it still fails, so that what is reported
    /// has little in it that is not to blame.
    ///
    /// - Parameters:
    ///   - seeds: the seeds, tried in order.
    ///   - faults: the kinds of faults that are made; each seed takes some of them.
    ///   - scenario: sets hosts up in a new network, lets time pass, and says what must hold.
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

    /// Repeats one run, as a ``SimulationFailure`` describes it.
    ///
    /// - Parameters:
    ///   - seed: the seed of the run.
    ///   - only: which faults of each kind are made.
    ///   - scenario: the same scenario.
    /// - Throws: ``SimulationFailure`` where the run fails.
    public static func replay(
        seed: UInt64, only: [Faults: [Int]], _ scenario: (SimulatedNetwork) throws -> Void
    ) throws(SimulationFailure) {
        if let failure = run(seed, SimulatedNetwork(seed: seed, only: only), scenario) { throw failure }
    }

    /// Some of the kinds: with all of them in every run, some would hide what others find.
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

/// A run of a simulation that failed.
public struct SimulationFailure: Error, Sendable, CustomStringConvertible {
    /// The seed of the run.
    public let seed: UInt64

    /// What was wrong.
    public let message: String

    /// The faults that are left after those were taken away that are not to blame.
    let made: [FaultSource.Fault]
    private let record: Trace
    private let names: [String]

    init(seed: UInt64, message: String, core: NetworkCore) {
        self.seed = seed
        self.message = message
        made = core.faults.made
        record = core.trace
        names = core.names
    }

    /// The faults of the run by kind, for ``Simulation/replay(seed:only:_:)``.
    ///
    /// Those are left that the failure needs, as far as taking away others found out.
    public var faults: [Faults: [Int]] { Shrinking.group(made) }

    /// The record of the run.
    public var trace: String { record.text(names: names) }

    /// The seed, the faults, what was wrong, and the last 200 lines of the record.
    public var description: String {
        let kinds = made.reduce(into: Faults()) { $0.formUnion($1.kind) }
        let faults = self.faults
        let numbers = kinds.kinds.map { ".\(Faults.names[$0.index]): \(faults[$0] ?? [])" }
        let cause =
            made.isEmpty ? "without faults" : "with \(made.count == 1 ? "1 fault" : "\(made.count) faults") of \(kinds)"
        return """
            seed \(seed) fails \(cause): \(message)
            again: try Simulation.replay(seed: \(seed), only: [\(made.isEmpty ? ":" : numbers.joined(separator: ", "))])
            \(record.text(names: names, most: 200))
            """
    }
}
