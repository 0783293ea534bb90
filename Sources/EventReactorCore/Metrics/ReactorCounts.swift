/// What the data path counts: a few adds a message, on fields that lie beside others which it reads anyway.
struct TrafficCounts {
    // The two that are counted together do not lie together: counting both at once would take more instructions.
    var callbacks = 0
    /// The bytes that the kernel took at once.
    var bytesTaken = 0
    var bytesReceived = 0
    /// The bytes that the engine queued, whatever has become of them.
    var bytesQueued = 0
    /// When the work of this turn began, in nanoseconds; `waiting` until then.
    var workBegan = TrafficCounts.waiting

    static let waiting: Int64 = -1
}

/// The figures of a reactor that are counted as they happen; it has the others at hand when it is asked.
package final class ReactorCounts {
    private let born: ReactorInstant
    var made = LiveTally<ReactorMetrics.Origin>()
    var lost = LiveTally<ReactorMetrics.Loss>()
    var accepted = 0
    var refused = LiveTally<ReactorMetrics.Refusal>()
    var shortages = 0
    var connectsStarted = 0
    var connectsFailed = LiveTally<ReactorMetrics.ConnectFailure>()
    var bytesDropped = 0
    let lag = LiveHistogram()
    /// How late each timer was fired.
    let lateness = LiveHistogram()
    var remoteCalls = 0
    var deepestRemoteQueue = 0
    /// What this turn takes beyond what the clock shows.
    @exclusivity(unchecked) var uncheckedHiddenWork: Int64 = 0

    init(born: ReactorInstant) {
        self.born = born
    }

    func age(at now: ReactorInstant) -> Duration { born.duration(to: now) }

    func tookRemoteCalls(_ count: Int) {
        remoteCalls &+= count
        deepestRemoteQueue = max(deepestRemoteQueue, count)
    }
}
