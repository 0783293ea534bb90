/// The source of a network's faults: a random generator for each kind, and the selection of faults to inject.
struct FaultSource {
    /// One fault: its kind, and its index among the faults of the kind, from 0.
    struct Fault {
        let kind: Faults
        let index: Int
    }

    let kinds: Faults
    private(set) var injected: [Fault] = []
    /// The indices of the faults to inject, by kind; nil injects all that are drawn.
    private let only: [Set<Int>]?
    private var generators: [SeededRandom]
    private var counts: [Int]

    init(seed: UInt64, kinds: Faults, only: [Faults: [Int]]?) {
        self.kinds = kinds
        self.only = only.map { only in
            Faults.names.indices.map { Set(only[Faults(rawValue: 1 << $0)] ?? []) }
        }
        generators = Faults.names.indices.map { SeededRandom(seed: seed &+ UInt64($0 + 1) &* 0xD1B5_4A32_D192_ED03) }
        counts = Faults.names.map { _ in 0 }
    }

    /// Decides whether a fault of a kind happens now.
    ///
    /// - Parameter choose: Draws the fault's parameters; nil if it does not happen this time.
    /// - Returns: The parameters of the fault, or nil for none.
    mutating func draw<Choice>(_ kind: Faults, _ choose: (inout SeededRandom) -> Choice?) -> Choice? {
        guard kinds.contains(kind) else { return nil }
        let index = kind.index
        guard let choice = choose(&generators[index]) else { return nil }
        // Drawn and counted even if it is not selected: the other faults of the kind stay the same.
        let position = counts[index]
        counts[index] += 1
        if let only, !only[index].contains(position) { return nil }
        injected.append(Fault(kind: kind, index: position))
        return choice
    }
}
