import Testing

@testable import EventReactorCore

@Suite("ReactorMetrics.Histogram")
struct MetricsHistogramTests {
    private func makeHistogram(of durations: some Sequence<Int64>) -> ReactorMetrics.Histogram {
        let live = LiveHistogram()
        for duration in durations { live.record(duration) }
        return live.snapshot
    }

    @Test func anEmptyOneHasNothing() {
        let empty = makeHistogram(of: [])
        #expect(empty.count == 0 && empty.sum == .zero && empty.max == .zero && empty.mean == .zero)
        #expect(empty.percentile(50) == .zero)
        #expect(empty.description == "-")
        #expect(empty == ReactorMetrics().loop.lag)
    }

    @Test func bucketsJoinWithoutGapOrOverlap() {
        typealias Histogram = ReactorMetrics.Histogram
        for bucket in 0..<Histogram.bucketCount - 1 {
            let end = Histogram.end(of: bucket)
            #expect(Histogram.bucket(of: end - 1) == bucket)
            #expect(Histogram.bucket(of: end) == bucket + 1)
        }
        #expect(Histogram.bucket(of: 0) == 0)
        #expect(Histogram.bucket(of: .max) == Histogram.bucketCount - 1)
        #expect(Histogram.end(of: Histogram.bucketCount - 2) < 1 << 36)
    }

    @Test func aPercentileIsNeverLessAndAtMostAnEighthMore() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let bits = Int64.random(in: 0...35, using: &random)
            let durations = (0..<100).map { _ in Int64.random(in: 0...(1 << bits), using: &random) }.sorted()
            let histogram = makeHistogram(of: durations)
            for percent in 1...100 {
                let exact = durations[percent - 1]
                let reported = Int64((histogram.percentile(Double(percent)) / .nanoseconds(1)).rounded())
                #expect(reported >= exact && reported <= exact + max(128, exact / 8), "\(percent) of \(durations)")
            }
            #expect(histogram.max == .nanoseconds(durations[99]))
            #expect(histogram.sum == .nanoseconds(durations.reduce(0, +)))
        }
    }

    @Test(arguments: [-1, Double.nan, -Double.infinity, 0])
    func aPercentThatIsNoneGivesTheLeast(_ percent: Double) {
        #expect(makeHistogram(of: [1_000_000, 1, 2_000_000]).percentile(percent) == .nanoseconds(128))
    }

    @Test func whatIsOffTheScaleIsStillCounted() {
        let histogram = makeHistogram(of: [.max, 1 << 40, -5])
        #expect(histogram.count == 3)
        #expect(histogram.max == .nanoseconds(Int64.max))
        #expect(histogram.percentile(200) == .nanoseconds(Int64.max))
        #expect(histogram.count(below: 36) == 1)
    }

    @Test func powersOfTwoAreExactBounds() {
        let histogram = makeHistogram(of: [1023, 1024, 1025, 2047, 2048, 4096])
        #expect([10, 11, 12, 13].map { histogram.count(below: $0) } == [1, 4, 5, 6])
    }

    @Test func whatIsAddedCanBeTakenAway() {
        let one = makeHistogram(of: [1_000, 5_000, 9_000_000])
        let other = makeHistogram(of: [2_000, 5_000])
        let both = one.adding(other)
        #expect(both.count == 5 && both.sum == one.sum + other.sum && both.max == one.max)
        let rest = both.subtracting(one)
        #expect(rest.count == 2 && rest.sum == other.sum)
        // The greatest value since then is known by its bucket alone.
        #expect(rest.max >= .nanoseconds(5_000) && rest.max <= .nanoseconds(5_000 + 5_000 / 8))
        #expect(both.subtracting(both) == makeHistogram(of: []))
    }
}
