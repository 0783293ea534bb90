import EventReactorCore
import Testing

@Suite("Loop lag")
struct LoopLagTests {
    @Test func theLagIsTimedOnlyWhereItIsAskedFor() throws {
        for measures in [true, false] {
            var configuration = ReactorConfiguration()
            configuration.measuresLoopLag = measures
            let (reactor, _) = ScriptedEngine.makeReactor(configuration)
            for _ in 0..<3 { reactor.callLater(.seconds(1)) {} }
            try reactor.run()
            #expect(reactor.metrics.loop.turns == 2)
            #expect(reactor.metrics.loop.lag.count == (measures ? 2 : 0))
            #expect(reactor.metrics.timers.fired == 3)
        }
    }
}
