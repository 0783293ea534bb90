/// Counters of a reactor that are incremented as events happen; ``ReactorBase/metrics`` reads the other figures
/// directly.
final class ReactorCounts {
    private let startTime: ReactorInstant
    var made = LiveTally<ReactorMetrics.Origin>()
    var lost = LiveTally<ReactorMetrics.Loss>()
    var accepted = 0
    var refused = LiveTally<ReactorMetrics.Refusal>()
    var shortages = 0
    var connectsStarted = 0
    var connectsFailed = LiveTally<ReactorMetrics.ConnectFailure>()
    var bytesDropped = 0
    let lag = LiveHistogram()
    /// The time from each timer's deadline to its call.
    let lateness = LiveHistogram()
    var remoteCalls = 0
    var deepestRemoteQueue = 0
    /// Nanoseconds that this turn takes beyond the clock's advance; see ``ReactorBase/addWork(_:)``.
    var uncheckedHiddenWork: Int64 = 0

    init(startTime: ReactorInstant) {
        self.startTime = startTime
    }

    func age(at now: ReactorInstant) -> Duration { startTime.duration(to: now) }

    func recordRemoteCalls(_ count: Int) {
        remoteCalls &+= count
        deepestRemoteQueue = max(deepestRemoteQueue, count)
    }
}
