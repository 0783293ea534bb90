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
            let some = choose(from: faults, seed: seed)
            guard let failure = run(seed, some, nil, scenario) else { continue }
            throw shrink(failure, scenario)
        }
    }

    /// Repeats one run, as a ``SimulationFailure`` describes it.
    ///
    /// - Parameters:
    ///   - seed: the seed of the run.
    ///   - faults: the kinds of faults that are made, all of them.
    ///   - faultLimit: the most faults that are made, or nil for no limit.
    ///   - scenario: the same scenario.
    /// - Throws: ``SimulationFailure`` where the run fails.
    public static func replay(
        seed: UInt64, faults: Faults, faultLimit: Int? = nil, _ scenario: (SimulatedNetwork) throws -> Void
    ) throws(SimulationFailure) {
        if let failure = run(seed, faults, faultLimit, scenario) { throw failure }
    }

    /// Some of the kinds: with all of them in every run, some would hide what others find.
    private static func choose(from faults: Faults, seed: UInt64) -> Faults {
        var random = SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15)
        return Faults(rawValue: faults.kinds.reduce(0) { random.oneIn(3) ? $0 : $0 | $1.rawValue })
    }

    private static func run(
        _ seed: UInt64, _ faults: Faults, _ limit: Int?, _ scenario: (SimulatedNetwork) throws -> Void
    ) -> SimulationFailure? {
        let network = SimulatedNetwork(seed: seed, faults: faults, faultLimit: limit)
        defer { network.end() }
        var message: String?
        do { try scenario(network) } catch { message = "\(error)" }
        guard let message = network.failure ?? message else { return nil }
        return SimulationFailure(
            seed: seed, faults: faults, faultLimit: limit, message: message, trace: network.core.trace,
            names: network.core.names, faultCount: network.faultCount)
    }

    private static func shrink(
        _ failure: SimulationFailure, _ scenario: (SimulatedNetwork) throws -> Void
    ) -> SimulationFailure {
        var least = failure
        for kind in failure.faults.kinds {
            if let smaller = run(failure.seed, least.faults.subtracting(kind), nil, scenario) { least = smaller }
        }
        // Fewer faults of these kinds. More may do harm where fewer do not, so this finds one bound of several.
        var passing = -1
        var failing = least.faultCount
        while failing - passing > 1 {
            let limit = passing + (failing - passing) / 2
            if let smaller = run(failure.seed, least.faults, limit, scenario) {
                least = smaller
                failing = limit
            } else {
                passing = limit
            }
        }
        return least
    }
}

/// A run of a simulation that failed.
public struct SimulationFailure: Error, Sendable, CustomStringConvertible {
    /// The seed of the run.
    public let seed: UInt64

    /// The kinds of faults that are left after those were taken away that are not to blame.
    public let faults: Faults

    /// The most faults that are made, or nil where a bound made no difference.
    public let faultLimit: Int?

    /// What was wrong.
    public let message: String

    let record: Trace
    let names: [String]
    let faultCount: Int

    init(
        seed: UInt64, faults: Faults, faultLimit: Int?, message: String, trace: Trace, names: [String], faultCount: Int
    ) {
        self.seed = seed
        self.faults = faults
        self.faultLimit = faultLimit
        self.message = message
        record = trace
        self.names = names
        self.faultCount = faultCount
    }

    /// The record of the run.
    public var trace: String { record.text(names: names) }

    /// The seed, the faults, what was wrong, and the last 200 lines of the record.
    public var description: String {
        let kinds = faults.isEmpty ? "without faults" : "with \(faultCount) of \(faults)"
        let limit = faultLimit.map { ", faultLimit: \($0)" } ?? ""
        return """
            seed \(seed) fails \(kinds): \(message)
            again: try Simulation.replay(seed: \(seed), faults: \(faults)\(limit)) { network in ... }
            \(record.text(names: names, most: 200))
            """
    }
}
