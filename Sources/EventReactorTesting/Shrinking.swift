/// Takes faults away from a run that fails, for as long as it still fails.
struct Shrinking {
    /// How often a failing run is repeated, at most.
    private static let mostRuns = 1000

    private let repeated: ([Faults: [Int]]) -> SimulationFailure?
    private var runs = 0
    private(set) var least: SimulationFailure

    /// - Parameter repeated: repeats the run with some of its faults.
    init(_ failure: SimulationFailure, repeated: @escaping ([Faults: [Int]]) -> SimulationFailure?) {
        least = failure
        self.repeated = repeated
    }

    /// Leaves out parts of the faults, halves at first and single ones at last.
    ///
    /// With a fault gone the run goes another way, and meets others; what counts is that it fails.
    mutating func run() {
        let kinds = least.made.reduce(into: Faults(), { $0.formUnion($1.kind) }).kinds
        // One fault is often enough, though not where it was one of many.
        for number in 0..<16 {
            for kind in kinds where attempt([FaultSource.Fault(kind: kind, number: number)]) { return }
        }
        // Whole kinds first, since a run without them is easier to understand than one with few.
        for kind in kinds { _ = attempt(least.made.filter { $0.kind != kind }) }
        var size = least.made.count
        while size > 0 {
            var start = 0
            while start < least.made.count {
                let rest = least.made[..<start] + least.made[min(start + size, least.made.count)...]
                if !attempt(Array(rest)) { start += size }
            }
            size /= 2
        }
    }

    private mutating func attempt(_ faults: [FaultSource.Fault]) -> Bool {
        guard runs < Shrinking.mostRuns, faults.count < least.made.count else { return false }
        runs += 1
        guard let failure = repeated(Shrinking.group(faults)) else { return false }
        // Where fewer are made than asked for, the next attempt asks for fewer.
        least = failure
        return true
    }

    static func group(_ faults: [FaultSource.Fault]) -> [Faults: [Int]] {
        faults.reduce(into: [:]) { $0[$1.kind, default: []].append($1.number) }
    }
}
