import Testing

@testable import EventReactorCore

@Suite("The portions of a relay")
struct RelayPortionTests {
    /// A receiver that takes all.
    private func pass(_ portion: inout RelayPortion) {
        portion.taken(portion.byteCount)
        portion.passedOn()
    }

    @Test func itGrowsToAMebibyteWhereAllIsPassedOn() {
        var portion = RelayPortion()
        var sizes: [Int] = []
        for _ in 0..<4 {
            sizes.append(portion.byteCount / 1024)
            pass(&portion)
        }
        #expect(sizes == [256, 512, 1024, 1024])
    }

    @Test func aSourceThatGivesLessLeavesItAsItIs() {
        var portion = RelayPortion()
        portion.taken(portion.byteCount - 1)
        portion.passedOn()
        // With nothing taken there is nothing to be passed on.
        portion.passedOn()
        #expect(portion.byteCount == 256 * 1024)
    }

    @Test func aReceiverThatBecomesSlowHasSoonLittleWaiting() {
        var portion = RelayPortion()
        for _ in 0..<10 { pass(&portion) }
        for expected in [512, 256, 128, 64, 64] {
            portion.taken(portion.byteCount)
            portion.stuck()
            portion.passedOn()
            #expect(portion.byteCount == expected * 1024)
        }
        pass(&portion)
        #expect(portion.byteCount == 128 * 1024)
    }
}
