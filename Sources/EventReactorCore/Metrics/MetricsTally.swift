extension ReactorMetrics {
    /// Counts by cause: `metrics.connections.lost[.timedOut]`.
    public struct Tally<Cause: MetricsCause>: Equatable, Sendable, CustomStringConvertible {
        private var counts: Counts

        init() {
            counts = Counts(Cause.allCases.count)
        }

        /// Creates a tally from counts in the order of the cases.
        package init(_ counts: Counts) {
            self.counts = counts
        }

        /// The count of one cause.
        public package(set) subscript(_ cause: Cause) -> Int {
            get { counts.values[cause.rawValue] }
            set { counts.values[cause.rawValue] = newValue }
        }

        /// The sum of the counts of all causes.
        ///
        /// - Complexity: O(n) in the number of causes.
        public var total: Int { counts.total }

        /// Combines the counts of each cause with those of another tally.
        func combined(with other: Tally, _ combine: (Int, Int) -> Int) -> Tally {
            Tally(counts.combined(with: other.counts, combine))
        }

        /// Calls a closure with the name and the count of each cause, in the order of the cases.
        func forEach(_ body: (_ name: String, _ count: Int) -> Void) {
            counts.forEach(named: Tally.name, body)
        }

        /// The total, followed in brackets by the causes that occurred.
        public var description: String { counts.text(named: Tally.name) }

        private static func name(_ rawValue: Int) -> String { Cause(rawValue: rawValue)?.name ?? "" }
    }

    /// The non-generic part of a tally: compiled once rather than for each type of cause.
    package struct Counts: Equatable, Sendable {
        package var values: [Int]

        package init(_ count: Int) {
            values = [Int](repeating: 0, count: count)
        }

        var total: Int { values.reduce(0, &+) }

        func combined(with other: Counts, _ combine: (Int, Int) -> Int) -> Counts {
            var result = self
            for index in values.indices { result.values[index] = combine(values[index], other.values[index]) }
            return result
        }

        func forEach(named name: (Int) -> String, _ body: (_ name: String, _ count: Int) -> Void) {
            for index in values.indices { body(name(index), values[index]) }
        }

        /// The total, followed in brackets by the causes that occurred.
        func text(named name: (Int) -> String) -> String {
            var causes = ""
            forEach(named: name) { name, count in
                if count != 0 { causes += (causes.isEmpty ? "" : ", ") + "\(name) \(count)" }
            }
            return causes.isEmpty ? "0" : "\(total) (\(causes))"
        }
    }
}
