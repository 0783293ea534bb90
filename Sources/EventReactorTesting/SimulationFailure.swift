/// The failure of a simulated run: its seed, its faults and its record.
///
/// Print it, or let a test report it: the description has the call that repeats the run.
public struct SimulationFailure: Error, Sendable, CustomStringConvertible {
    /// The seed of the run.
    public let seed: UInt64

    /// The failed expectation, or the error that the scenario threw.
    public let message: String

    /// The injected faults, reduced by ``Shrinking``.
    let injected: [FaultSource.Fault]
    private let record: Trace
    private let names: [String]

    init(seed: UInt64, message: String, core: NetworkCore) {
        self.seed = seed
        self.message = message
        injected = core.faults.injected
        record = core.trace
        names = core.names
    }

    /// The indices of the run's faults by kind, for ``Simulation/replay(seed:only:_:)``.
    ///
    /// They are reduced to those that the failure needs, as far as repeated runs could show.
    public var faults: [Faults: [Int]] { Shrinking.group(injected) }

    /// The record of the run, one line for each event.
    ///
    /// - Complexity: O(n) in the events; the text is formatted each time.
    public var trace: String { record.text(names: names) }

    /// The seed, the faults, the message, the call that repeats the run, and the last 200 lines of the record.
    public var description: String {
        let kinds = injected.reduce(into: Faults()) { $0.formUnion($1.kind) }
        let faults = self.faults
        let numbers = kinds.kinds.map { ".\(Faults.names[$0.index]): \(faults[$0] ?? [])" }
        let cause =
            injected.isEmpty
            ? "without faults" : "with \(injected.count == 1 ? "1 fault" : "\(injected.count) faults") of \(kinds)"
        return """
            seed \(seed) fails \(cause): \(message)
            again: try Simulation.replay(seed: \(seed), only: [\(injected.isEmpty ? ":" : numbers.joined(separator: ", "))])
            \(record.text(names: names, most: 200))
            """
    }
}
