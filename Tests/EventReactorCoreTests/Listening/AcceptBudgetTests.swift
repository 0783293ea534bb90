import EventReactorCore
import Testing

@Suite("The budget of accepting in a turn")
struct AcceptBudgetTests {
    /// Accepts as often as the budget allows in one turn, with a clock that each accept advances.
    private func batch(_ budget: inout AcceptBudget, turn: UInt64, at time: inout Int64, each: Int64) -> Int {
        var accepted = 0
        while true {
            accepted += 1
            let now = time
            time += each
            guard budget.allowsAnother(turn: turn, now: ReactorInstant(nanoseconds: now)) else { return accepted }
        }
    }

    @Test func aNumberBoundsATurnWhereAcceptingTakesNoTime() {
        var budget = AcceptBudget(most: 64)
        var time: Int64 = 5
        for turn in 1...3 { #expect(batch(&budget, turn: UInt64(turn), at: &time, each: 0) == 64) }
    }

    @Test func timeBoundsATurnInAFlood() {
        var budget = AcceptBudget(most: 64)
        var time: Int64 = 5
        // Ten microseconds each: six looks are fifty apart.
        for turn in 1...3 { #expect(batch(&budget, turn: UInt64(turn), at: &time, each: 10_000) == 6) }
    }

    @Test func aFewAreAcceptedHoweverSlowly() {
        var budget = AcceptBudget(most: 64)
        var time: Int64 = 5
        for turn in 1...3 { #expect(batch(&budget, turn: UInt64(turn), at: &time, each: 10_000_000) == 4) }
    }

    @Test func whatNewConnectionsDoNextMakesNoBatchGrow() {
        var budget = AcceptBudget(most: 64)
        var time: Int64 = 5
        for turn in 1...9 {
            let accepted = batch(&budget, turn: UInt64(turn), at: &time, each: 10_000)
            #expect(accepted == 6)
            time += 20_000 * Int64(accepted)
        }
    }

    @Test func aBusyReactorStillGivesAFifthOfItsTime() {
        var budget = AcceptBudget(most: 64)
        var time: Int64 = 5
        _ = batch(&budget, turn: 1, at: &time, each: 10_000)
        time += 1_600_000
        #expect(40...43 ~= batch(&budget, turn: 2, at: &time, each: 10_000))
        time += 100_000_000
        #expect(batch(&budget, turn: 3, at: &time, each: 10_000) == 64)
        #expect(batch(&budget, turn: 4, at: &time, each: 10_000) == 6)
    }

    @Test(arguments: [1, 2, 4])
    func aSmallNumberHolds(_ most: Int) {
        var budget = AcceptBudget(most: most)
        var time: Int64 = 5
        for turn in 1...3 { #expect(batch(&budget, turn: UInt64(turn), at: &time, each: 10_000) == most) }
    }
}
