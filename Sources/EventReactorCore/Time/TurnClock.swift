/// The time of the turn: the clock, read once in each turn in which it is asked for.
///
/// All that happens in one turn is of one moment. So noting that a connection was active is a load and a store, however
/// many were active, and turns in which it is not asked for cost next to nothing.
final class TurnClock {
    /// A turn that took longer is remembered: connections that were served in it are not idle since it began.
    private static let slow: Int64 = 100_000_000

    private static let outside: Int64 = -1
    private static let unread: Int64 = 0

    private let read: () -> ReactorInstant
    // Each access is one load or store, so that no two can overlap; the check would cost as much as the rest.
    private var cached = TurnClock.outside
    private var slowStart: Int64 = .min
    private var slowEnd: Int64 = .min

    init(_ read: @escaping () -> ReactorInstant) {
        self.read = read
    }

    /// Nanoseconds, as of when they were first asked for in this turn; between turns, now.
    @inline(__always)
    var time: Int64 {
        let time = cached
        return time > TurnClock.unread ? time : readTime()
    }

    /// Nanoseconds, now.
    var exactTime: Int64 { read().nanoseconds }

    @inline(never)
    private func readTime() -> Int64 {
        let time = exactTime
        if cached == TurnClock.unread { cached = time }
        return time
    }

    @inline(__always)
    func turnBegins() {
        cached = TurnClock.unread
    }

    @inline(__always)
    func turnEnds() {
        if cached > TurnClock.unread { noteLength() }
        cached = TurnClock.outside
    }

    @inline(never)
    private func noteLength() {
        let (start, end) = (cached, exactTime)
        if end - start > TurnClock.slow { (slowStart, slowEnd) = (start, end) }
    }

    /// When something happened that was noted at a time of this clock: the end of its turn, if that was the last slow
    /// turn.
    func corrected(_ time: Int64) -> Int64 {
        time == slowStart ? slowEnd : time
    }
}
