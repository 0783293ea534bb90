/// Where a network's faults come from: a source of random numbers for each kind, and which of the faults are made.
struct FaultSource {
    /// One fault: the first, second and so on of its kind, counted from 0.
    struct Fault {
        let kind: Faults
        let number: Int
    }

    let kinds: Faults
    private(set) var made: [Fault] = []
    /// The faults that are made, by kind; nil makes all that happen.
    private let only: [Set<Int>]?
    private var sources: [SeededRandom]
    private var counts: [Int]

    init(seed: UInt64, kinds: Faults, only: [Faults: [Int]]?) {
        self.kinds = kinds
        self.only = only.map { only in
            Faults.names.indices.map { Set(only[Faults(rawValue: 1 << $0)] ?? []) }
        }
        sources = Faults.names.indices.map { SeededRandom(seed: seed &+ UInt64($0 + 1) &* 0xD1B5_4A32_D192_ED03) }
        counts = Faults.names.map { _ in 0 }
    }

    /// Asks whether a fault of a kind happens now, and how.
    ///
    /// - Parameter choose: draws what the fault is like; nil where it does not happen this time.
    mutating func draw<Choice>(_ kind: Faults, _ choose: (inout SeededRandom) -> Choice?) -> Choice? {
        guard kinds.contains(kind) else { return nil }
        let index = kind.index
        guard let choice = choose(&sources[index]) else { return nil }
        // Drawn and counted all the same: the others of the kind then happen as they would have happened.
        let number = counts[index]
        counts[index] += 1
        if let only, !only[index].contains(number) { return nil }
        made.append(Fault(kind: kind, number: number))
        return choice
    }
}
