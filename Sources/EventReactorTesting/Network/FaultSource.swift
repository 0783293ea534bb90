/// Where a network's faults come from: a source of random numbers for each kind, and a bound on how many are made.
struct FaultSource {
    let kinds: Faults
    /// The most faults that are made: what a failing run is shrunk by.
    let limit: Int
    private(set) var made = 0
    private var sources: [SeededRandom]

    init(seed: UInt64, kinds: Faults, limit: Int) {
        self.kinds = kinds
        self.limit = limit
        sources = Faults.names.indices.map { SeededRandom(seed: seed &+ UInt64($0 + 1) &* 0xD1B5_4A32_D192_ED03) }
    }

    /// Asks whether a fault of a kind happens now, and how.
    ///
    /// - Parameter choose: draws what the fault is like; nil where it does not happen this time.
    mutating func draw<Choice>(_ kind: Faults, _ choose: (inout SeededRandom) -> Choice?) -> Choice? {
        guard kinds.contains(kind), let choice = choose(&sources[kind.index]) else { return nil }
        // Drawn all the same: what is left then happens as it would have happened.
        guard made < limit else { return nil }
        made += 1
        return choice
    }
}
