/// Counts by cause that are being added to.
struct LiveTally<Cause: MetricsCause> {
    private var counts = ReactorMetrics.Counts(Cause.allCases.count)

    /// Counts what has happened.
    mutating func add(_ cause: Cause, _ count: Int = 1) {
        counts.values[cause.rawValue] &+= count
    }

    /// What has been counted up to now.
    var snapshot: ReactorMetrics.Tally<Cause> { ReactorMetrics.Tally(counts) }
}
