/// A histogram while durations are recorded: some twenty instructions and no allocation per duration.
@safe
final class LiveHistogram {
    private let buckets: UnsafeMutablePointer<Int>
    // Each access is one load or store, so that no two overlap.
    private var nanoseconds: Int64 = 0
    private var greatest: Int64 = 0

    init() {
        unsafe buckets = .allocate(capacity: ReactorMetrics.Histogram.bucketCount)
        unsafe buckets.initialize(repeating: 0, count: ReactorMetrics.Histogram.bucketCount)
    }

    deinit {
        unsafe buckets.deallocate()
    }

    /// Records a duration in nanoseconds; a negative one counts as zero.
    func record(_ duration: Int64) {
        let duration = max(0, duration)
        unsafe buckets[ReactorMetrics.Histogram.bucket(of: duration)] &+= 1
        nanoseconds &+= duration
        if duration > greatest { greatest = duration }
    }

    /// The durations recorded up to now.
    var snapshot: ReactorMetrics.Histogram {
        unsafe ReactorMetrics.Histogram(
            buckets: UnsafeBufferPointer(start: buckets, count: ReactorMetrics.Histogram.bucketCount),
            nanoseconds: nanoseconds, greatest: greatest)
    }
}
