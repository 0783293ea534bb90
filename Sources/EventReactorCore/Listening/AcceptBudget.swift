/// Bounds of the accepts in a loop turn, so that a flood of connects does not starve open connections.
///
/// A turn is bounded by a number, and by time, since the cost of an accept depends on the machine and on the protocol's
/// `connectionMade`: fifty microseconds, or a quarter of the time that all else took since the last batch if that is
/// more. So a reactor with little else to do has short turns, and a busy one still gives accepting a fifth of its time.
/// Half would be too much: the work of new connections counts as all else, and batches would make one another grow.
package struct AcceptBudget {
    /// Accepts that are always allowed: too cheap to read a clock for.
    private static let unquestioned = 4
    private static let leastTime: Int64 = 50_000
    private static let share: Int64 = 4

    private let most: Int
    private var turn: UInt64?
    private var accepted: Int
    private var began: Int64
    private var allowed: Int64
    /// Instant of the last check of a batch; `nil` before the first.
    private var lastLook: Int64?

    /// - Parameter most: maximum of accepts in a turn, however fast.
    package init(most: Int) {
        self.most = most
        accepted = 0
        began = 0
        allowed = 0
    }

    /// Counts an accepted connection.
    ///
    /// - Returns: whether another may be accepted in the same turn.
    package mutating func allowsAnother(turn: UInt64, now: @autoclosure () -> ReactorInstant) -> Bool {
        if turn != self.turn {
            self.turn = turn
            accepted = 0
            began = now().nanoseconds
            allowed = max(AcceptBudget.leastTime, (began - (lastLook ?? began)) / AcceptBudget.share)
            lastLook = began
        }
        accepted += 1
        guard accepted < most else { return false }
        guard accepted >= AcceptBudget.unquestioned else { return true }
        let time = now().nanoseconds
        lastLook = time
        return time - began < allowed
    }
}
