/// Reduces the faults of a failing run to a small set with which it still fails.
struct Shrinking {
    /// The maximum number of repetitions of a failing run.
    private static let mostRuns = 1000

    private let repeated: ([Faults: [Int]]) -> SimulationFailure?
    private var runs = 0
    private(set) var least: SimulationFailure

    /// Creates a reduction of a failing run.
    ///
    /// - Parameter repeated: Repeats the run with a selection of its faults.
    init(_ failure: SimulationFailure, repeated: @escaping ([Faults: [Int]]) -> SimulationFailure?) {
        least = failure
        self.repeated = repeated
    }

    /// Removes faults, halves of them first and single ones last.
    ///
    /// Without one fault a run may take another course and meet other faults; only its failure counts.
    mutating func run() {
        let kinds = least.injected.reduce(into: Faults(), { $0.formUnion($1.kind) }).kinds
        // Often a single early fault is enough.
        for index in 0..<16 {
            for kind in kinds where attempt([FaultSource.Fault(kind: kind, index: index)]) { return }
        }
        // Whole kinds first, since a run without them is easier to understand than one with few.
        for kind in kinds { _ = attempt(least.injected.filter { $0.kind != kind }) }
        var size = least.injected.count
        while size > 0 {
            var start = 0
            while start < least.injected.count {
                let rest = least.injected[..<start] + least.injected[min(start + size, least.injected.count)...]
                if !attempt(Array(rest)) { start += size }
            }
            size /= 2
        }
    }

    private mutating func attempt(_ faults: [FaultSource.Fault]) -> Bool {
        guard runs < Shrinking.mostRuns, faults.count < least.injected.count else { return false }
        runs += 1
        guard let failure = repeated(Shrinking.group(faults)) else { return false }
        // It may have injected fewer faults than requested: the next attempt starts from these.
        least = failure
        return true
    }

    static func group(_ faults: [FaultSource.Fault]) -> [Faults: [Int]] {
        faults.reduce(into: [:]) { $0[$1.kind, default: []].append($1.index) }
    }
}
