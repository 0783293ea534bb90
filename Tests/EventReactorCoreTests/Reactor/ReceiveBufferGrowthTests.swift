import Testing

@testable import EventReactorCore

@Suite("The growth of the receive buffer")
struct ReceiveBufferGrowthTests {
    @Test func itBeginsWith64KiBAndIsBoundedByWhatWasAskedFor() {
        #expect(ReceiveBufferGrowth(requested: 1 << 20).first == 64 * 1024)
        #expect(ReceiveBufferGrowth(requested: 10_000).first == 10_000)
        #expect(ReceiveBufferGrowth(requested: 10_000).largest == 10_000)
        #expect(ReceiveBufferGrowth(requested: .min).largest == 1024)
        #expect(ReceiveBufferGrowth(requested: .max).largest == 16 * 1024 * 1024)
    }

    @Test func itDoublesWhereReadsAreFullAndStopsAtItsBound() {
        var growth = ReceiveBufferGrowth(requested: 256 * 1024)
        var size = growth.first
        var sizes = [size]
        for read in 1...64 {
            size = growth.sizeAfterFullRead(of: size, reads: read)
            if size != sizes.last { sizes.append(size) }
        }
        #expect(sizes == [64 * 1024, 128 * 1024, 256 * 1024])
    }

    /// One peer never stops sending, and another has as many small messages.
    @Test func itDoesNotGrowWhereOtherReadsAreAsMany() {
        var growth = ReceiveBufferGrowth(requested: 256 * 1024)
        for read in 1...1000 {
            #expect(growth.sizeAfterFullRead(of: growth.first, reads: 2 * read) == growth.first)
        }
    }
}
