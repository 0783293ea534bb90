extension ReactorMetrics {
    /// Counts by cause: `metrics.connections.lost[.timedOut]`.
    public struct Tally<Cause: MetricsCause>: Equatable, Sendable, CustomStringConvertible {
        private var counts: Counts

        init() {
            counts = Counts(Cause.allCases.count)
        }

        /// Creates a tally from counts in the order of the cases.
        init(_ counts: Counts) {
            self.counts = counts
        }

        /// The count of one cause.
        public internal(set) subscript(_ cause: Cause) -> Int {
            get { counts.values[cause.rawValue] }
            set { counts.values[cause.rawValue] = newValue }
        }

        /// The sum of the counts of all causes.
        ///
        /// - Complexity: O(n) in the number of causes.
        public var total: Int { counts.total }

        /// Adds a multiple of the counts of another tally.
        mutating func add(_ other: Tally, times factor: Int) { counts.add(other.counts, times: factor) }

        /// The name and the count of each cause, in the order of the cases.
        var named: [(name: String, count: Int)] { counts.named(by: Cause.self) }

        /// The total, followed in brackets by the causes that occurred.
        public var description: String { counts.text(by: Cause.self) }
    }

    /// The non-generic part of a tally: compiled once rather than for each type of cause.
    struct Counts: Equatable, Sendable {
        var values: [Int]

        init(_ count: Int) {
            values = [Int](repeating: 0, count: count)
        }

        var total: Int { values.reduce(0, &+) }

        @inline(never)
        mutating func add(_ other: Counts, times factor: Int) {
            for index in values.indices { values[index] &+= factor &* other.values[index] }
        }

        @inline(never)
        func named(by cause: any MetricsCause.Type) -> [(name: String, count: Int)] {
            var named: [(name: String, count: Int)] = []
            for index in values.indices { named.append((cause.init(rawValue: index)?.name ?? "", values[index])) }
            return named
        }

        /// The total, followed in brackets by the causes that occurred.
        @inline(never)
        func text(by cause: any MetricsCause.Type) -> String {
            var causes = ""
            for (name, count) in named(by: cause) where count != 0 {
                if !causes.isEmpty { causes += ", " }
                causes += name + " " + String(count)
            }
            return causes.isEmpty ? "0" : String(total) + " (" + causes + ")"
        }
    }
}
