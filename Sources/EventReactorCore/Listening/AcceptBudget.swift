/// How much of a turn a listening socket may take for accepting, so that a flood of connects neither starves nor much
/// delays the connections that there are.
///
/// A number bounds a turn, and so does time, since what an accept costs depends on the machine and on the protocol's
/// `connectionMade`: fifty microseconds, or a quarter of what all else took since the last batch where that is more. So
/// a reactor with little else to do has short turns, and a busy one still gives accepting a fifth of its time. Half
/// would be too much: what new connections have to do next counts as all else, and batches would make one another grow.
package struct AcceptBudget {
    /// These cost less than it matters; no clock is read for them.
    private static let unquestioned = 4
    private static let leastTime: Int64 = 50_000
    private static let share: Int64 = 4

    private let most: Int
    private var turn: UInt64?
    private var accepted = 0
    private var began: Int64 = 0
    private var allowed: Int64 = 0
    /// When the last batch was last looked at; nil before the first.
    private var lastLook: Int64?

    /// - Parameter most: how many a turn may accept at most, however fast.
    package init(most: Int) {
        self.most = most
    }

    /// Counts a connection that was accepted, and says whether another may be in the same turn.
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
