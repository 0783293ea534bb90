/// Counts by cause while they are counted; ``ReactorMetrics/Tally`` is a snapshot of them.
struct LiveTally<Cause: MetricsCause> {
    private var counts = ReactorMetrics.Counts(Cause.allCases.count)

    /// Adds to the count of a cause.
    mutating func add(_ cause: Cause, _ count: Int = 1) {
        counts.values[cause.rawValue] &+= count
    }

    /// The counts up to now.
    var snapshot: ReactorMetrics.Tally<Cause> { ReactorMetrics.Tally(counts) }
}
