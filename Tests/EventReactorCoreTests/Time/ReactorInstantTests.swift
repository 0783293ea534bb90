import EventReactorCore
import Testing

@Suite struct ReactorInstantTests {
    private let instant = ReactorInstant(nanoseconds: 1_000)

    @Test func advancesAndMeasures() {
        let later = instant.advanced(by: .microseconds(3))
        #expect(later.nanoseconds == 4_000)
        #expect(instant.duration(to: later) == .microseconds(3))
        #expect(later.duration(to: instant) == .microseconds(-3))
        #expect(instant < later)
        #expect(!(later < instant))
        #expect(instant.advanced(by: .nanoseconds(-2_000)).nanoseconds == -1_000)
    }

    @Test(arguments: [
        Duration.seconds(Int64.max), .nanoseconds(Int64.max), Duration(attoseconds: .max),
        .seconds(Int64.max) + .seconds(Int64.max),
    ])
    func centuriesFromNowAreTheLastInstant(_ duration: Duration) {
        #expect(instant.advanced(by: duration).nanoseconds == .max)
        #expect(duration.saturatedNanoseconds == .max)
    }

    @Test(arguments: [Duration.seconds(Int64.min), Duration(attoseconds: .min)])
    func centuriesAgoAreTheFirstInstant(_ duration: Duration) {
        #expect(ReactorInstant(nanoseconds: -1).advanced(by: duration).nanoseconds == .min)
        #expect(duration.saturatedNanoseconds == .min)
    }

    @Test func theLongestTimeBetweenInstantsIsMeasured() {
        let first = ReactorInstant(nanoseconds: .min)
        let last = ReactorInstant(nanoseconds: .max)
        #expect(first.duration(to: last) == .nanoseconds(Int64.max) - .nanoseconds(Int64.min))
    }

    @Test func nanosecondsAreCutNotRounded() {
        #expect(Duration.zero.saturatedNanoseconds == 0)
        #expect(Duration.milliseconds(1).saturatedNanoseconds == 1_000_000)
        #expect(Duration(attoseconds: 1_999_999_999).saturatedNanoseconds == 1)
        #expect(Duration(attoseconds: -1_999_999_999).saturatedNanoseconds == -1)
        #expect(Duration.nanoseconds(Int64.max).saturatedNanoseconds == .max)
        #expect(Duration.nanoseconds(Int64.min).saturatedNanoseconds == .min)
    }

    @Test func wholeSecondsAreRoundedUpAndAtLeastOne() {
        #expect(Duration.seconds(-5).wholeSeconds == 1)
        #expect(Duration.zero.wholeSeconds == 1)
        #expect(Duration.milliseconds(1).wholeSeconds == 1)
        #expect(Duration.seconds(1).wholeSeconds == 1)
        #expect(Duration.milliseconds(1001).wholeSeconds == 2)
        #expect(Duration.seconds(Int64.max).wholeSeconds == .max)
        #expect(Duration(attoseconds: .max).wholeSeconds == .max)
        #expect(Duration(attoseconds: .min).wholeSeconds == 1)
    }
}
