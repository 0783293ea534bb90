/// A histogram that is being filled: counting a duration takes some twenty instructions and no memory.
@safe
package final class LiveHistogram {
    private let buckets: UnsafeMutablePointer<Int>
    // One load or store each time, so that no two accesses overlap.
    @exclusivity(unchecked) private var nanoseconds: Int64 = 0
    @exclusivity(unchecked) private var greatest: Int64 = 0

    package init() {
        unsafe buckets = .allocate(capacity: ReactorMetrics.Histogram.bucketCount)
        unsafe buckets.initialize(repeating: 0, count: ReactorMetrics.Histogram.bucketCount)
    }

    deinit {
        unsafe buckets.deallocate()
    }

    /// Counts a duration; a negative one as none.
    package func record(_ duration: Int64) {
        let duration = max(0, duration)
        unsafe buckets[ReactorMetrics.Histogram.bucket(of: duration)] &+= 1
        unsafe nanoseconds &+= duration
        if unsafe duration > greatest { unsafe greatest = duration }
    }

    /// What it holds now.
    package var snapshot: ReactorMetrics.Histogram {
        unsafe ReactorMetrics.Histogram(
            buckets: UnsafeBufferPointer(start: buckets, count: ReactorMetrics.Histogram.bucketCount),
            nanoseconds: nanoseconds, greatest: greatest)
    }
}
