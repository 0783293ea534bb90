/// The part of one turn that calls of a kind may take: timers, `callSoon`, calls from other threads, common timeouts.
///
/// The rest waits for the next turn, which polls for I/O and serves the other kinds first. So a million calls of one
/// kind that come due together delay I/O and calls of other kinds by no more than a share of each kind. The share is
/// bounded by time, and by count for clocks that do not advance meanwhile, as a simulated one. A share is one turn's, so
/// that calls that take long cost one read of the clock for every few, and short turns none.
struct TurnShare {
    /// The most calls of one share: a millisecond's worth of empty ones.
    static let calls = 4096
    /// The most time of one share, in nanoseconds: four kinds in one turn stay below half of 20 ms.
    static let time: Int64 = 2_000_000
    /// Calls between two reads of the clock, a power of two; a read costs about a tenth of what they do.
    static let stride = 16

    private let end: Int64
    private var count = 0

    /// - Parameter start: the clock now, in nanoseconds.
    init(from start: Int64) {
        let (sum, overflow) = start.addingReportingOverflow(TurnShare.time)
        end = overflow ? .max : sum
    }

    /// Whether so many calls need a share.
    static func isNeeded(for calls: Int) -> Bool { calls > stride }

    /// Counts one call that was made.
    ///
    /// - Parameter now: reads the clock; called once in a few calls.
    /// - Returns: whether the share is used up.
    @inline(__always)
    mutating func isUsedUp(now: () -> Int64) -> Bool {
        count &+= 1
        guard count & (TurnShare.stride - 1) == 0 else { return false }
        return count >= TurnShare.calls || now() >= end
    }
}
