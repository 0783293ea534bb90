extension ReactorMetrics {
    /// A distribution of durations, in buckets of exponentially growing width: eight for each doubling.
    ///
    /// A percentile is the upper bound of its bucket: at least the true value, and greater than it by at most an
    /// eighth, or by 128 nanoseconds if that is more. The maximum is exact. Durations over 68 seconds share a bucket. A
    /// histogram takes 1,728 bytes for any number of durations, and recording one takes constant time.
    public struct Histogram: Equatable, Sendable {
        /// The low bits of a nanosecond count that are not distinguished: 128 ns.
        private static let unitBits = 7
        /// The bits after the highest that select a bucket within a doubling.
        private static let stepBits = 3
        /// The lowest bit whose durations all go to the last bucket.
        private static let limitBits = 36

        static let bucketCount = (limitBits - unitBits - stepBits + 1) << stepBits

        private var buckets: [Int]
        private var nanoseconds: Int64
        private var greatest: Int64

        /// The number of durations recorded.
        public private(set) var count: Int

        init() {
            buckets = [Int](repeating: 0, count: Histogram.bucketCount)
            nanoseconds = 0
            greatest = 0
            count = 0
        }

        init(buckets: UnsafeBufferPointer<Int>, nanoseconds: Int64, greatest: Int64) {
            unsafe self.buckets = Array(buckets)
            self.nanoseconds = nanoseconds
            self.greatest = greatest
            count = self.buckets.reduce(0, &+)
        }

        /// The sum of all durations.
        public var sum: Duration { .nanoseconds(nanoseconds) }

        /// The longest duration; in figures that ``ReactorMetrics/since(_:)`` returned, the upper bound of its bucket.
        public var max: Duration { .nanoseconds(greatest) }

        /// The mean of all durations; zero if there are none.
        public var mean: Duration { count == 0 ? .zero : sum / count }

        /// Returns the duration that a percentage of all durations did not exceed.
        ///
        /// - Parameter percent: 0 to 100; 99.9 gives the duration that one in a thousand exceeded. Values outside are
        ///   clamped, and NaN counts as 0.
        /// - Returns: The upper bound of the percentile's bucket; zero if there are no durations.
        /// - Complexity: O(n) in the number of buckets, 216.
        public func percentile(_ percent: Double) -> Duration {
            guard count > 0 else { return .zero }
            let share = (Double(count) * Swift.min(100, Swift.max(0, percent)) / 100).rounded(.up)
            let wanted = Swift.max(1, Int(share))
            var seen = 0
            for index in buckets.indices {
                seen += buckets[index]
                if seen >= wanted { return .nanoseconds(Swift.min(Histogram.end(of: index), greatest)) }
            }
            return max
        }

        /// The number of durations shorter than `2^bits` nanoseconds; `bits` is at least 10.
        func count(below bits: Int) -> Int {
            let end = Histogram.bucket(of: Int64(1) << Int64(bits))
            return buckets[..<end].reduce(0, &+)
        }

        /// The index of a duration's bucket; the duration is not negative.
        @inline(__always)
        static func bucket(of duration: Int64) -> Int {
            let units = UInt64(bitPattern: duration) &>> UInt64(unitBits)
            // The buckets of the first two doublings have the same width.
            let highest = 63 &- (units | 1 << UInt64(stepBits)).leadingZeroBitCount
            let shift = highest &- stepBits
            let bucket = shift &<< stepBits &+ Int(truncatingIfNeeded: units &>> UInt64(truncatingIfNeeded: shift))
            return Swift.min(bucket, bucketCount - 1)
        }

        /// The exclusive upper bound of a bucket, in nanoseconds.
        static func end(of bucket: Int) -> Int64 {
            if bucket >= bucketCount - 1 { return .max }
            let shift = Swift.max(0, bucket >> stepBits - 1)
            return Int64(bucket - shift << stepBits + 1) << Int64(shift + unitBits)
        }

        /// The durations of both histograms.
        func adding(_ other: Histogram) -> Histogram {
            var result = self
            for index in buckets.indices { result.buckets[index] &+= other.buckets[index] }
            result.count &+= other.count
            result.nanoseconds &+= other.nanoseconds
            result.greatest = Swift.max(greatest, other.greatest)
            return result
        }

        /// The durations recorded after an earlier histogram of the same reactor.
        func subtracting(_ earlier: Histogram) -> Histogram {
            var result = self
            for index in buckets.indices { result.buckets[index] &-= earlier.buckets[index] }
            result.count &-= earlier.count
            result.nanoseconds &-= earlier.nanoseconds
            let last = result.buckets.lastIndex { $0 > 0 }
            result.greatest = last.map { Swift.min(Histogram.end(of: $0), greatest) } ?? 0
            return result
        }
    }
}
