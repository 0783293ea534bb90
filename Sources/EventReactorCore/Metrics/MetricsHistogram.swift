extension ReactorMetrics {
    /// How often which durations came, in buckets that grow with the duration: eight to each doubling.
    ///
    /// A percentile is the upper end of its bucket: never less than the true value, and more by an eighth of it at most,
    /// or by 128 nanoseconds where that is more. The greatest is exact. Durations over 68 seconds share a bucket. It
    /// takes 1,728 bytes whatever it holds, and counting a duration costs the same however long it is.
    public struct Histogram: Equatable, Sendable {
        /// The bits of a nanosecond count that are not told apart: 128 ns.
        private static let unitBits = 7
        /// The bits after the highest that tell the buckets of one doubling apart.
        private static let stepBits = 3
        /// The first bit that is too high for a bucket of its own.
        private static let limitBits = 36

        static let bucketCount = (limitBits - unitBits - stepBits + 1) << stepBits

        private var buckets = [Int](repeating: 0, count: Histogram.bucketCount)
        private var nanoseconds: Int64 = 0
        private var greatest: Int64 = 0

        /// How many durations it holds.
        public private(set) var count = 0

        init() {}

        init(buckets: UnsafeBufferPointer<Int>, nanoseconds: Int64, greatest: Int64) {
            unsafe self.buckets = Array(buckets)
            self.nanoseconds = nanoseconds
            self.greatest = greatest
            count = self.buckets.reduce(0, &+)
        }

        /// The sum of all.
        public var sum: Duration { .nanoseconds(nanoseconds) }

        /// The greatest; of figures that ``ReactorMetrics/since(_:)`` gave the upper end of its bucket.
        public var max: Duration { .nanoseconds(greatest) }

        /// The mean of all, zero where there are none.
        public var mean: Duration { count == 0 ? .zero : sum / count }

        /// The duration that so many per cent did not exceed, zero where there are none.
        ///
        /// - Parameter percent: 0 to 100: 99.9 gives the duration that one in a thousand exceeded. What is outside
        ///   counts as the nearer end, and what is not a number as 0.
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

        /// How many durations were shorter than a power of two of nanoseconds, 2 to the tenth at least.
        func count(below bits: Int) -> Int {
            let end = Histogram.bucket(of: Int64(1) << Int64(bits))
            return buckets[..<end].reduce(0, &+)
        }

        /// The bucket of a duration, which is not negative.
        @inline(__always)
        static func bucket(of duration: Int64) -> Int {
            let units = UInt64(bitPattern: duration) &>> UInt64(unitBits)
            // Two doublings' worth of the least buckets are as wide as one another.
            let highest = 63 &- (units | 1 << UInt64(stepBits)).leadingZeroBitCount
            let shift = highest &- stepBits
            let bucket = shift &<< stepBits &+ Int(truncatingIfNeeded: units &>> UInt64(truncatingIfNeeded: shift))
            return Swift.min(bucket, bucketCount - 1)
        }

        /// The end of a bucket, in nanoseconds; all durations in it are shorter.
        static func end(of bucket: Int) -> Int64 {
            if bucket >= bucketCount - 1 { return .max }
            let shift = Swift.max(0, bucket >> stepBits - 1)
            return Int64(bucket - shift << stepBits + 1) << Int64(shift + unitBits)
        }

        /// The durations of both.
        func adding(_ other: Histogram) -> Histogram {
            var result = self
            for index in buckets.indices { result.buckets[index] &+= other.buckets[index] }
            result.count &+= other.count
            result.nanoseconds &+= other.nanoseconds
            result.greatest = Swift.max(greatest, other.greatest)
            return result
        }

        /// The durations that were not there yet in an earlier histogram of the same reactor.
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
