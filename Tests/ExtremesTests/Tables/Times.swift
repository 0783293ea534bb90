import EventReactor
import EventReactorTesting
import Testing

extension Parameter {
    /// Timers, and times that are given to the reactor itself.
    static let times: [Parameter] = [
        Parameter("callLater", Values.noTimes) { try runTimers(on: $0, $1, fires: true) },
        Parameter("callLater, far away", Values.longTimes) { try runTimers(on: $0, $1, fires: false) },
        Parameter("callLater, soon", Values.shortTimes) { try runTimers(on: $0, $1, fires: true) },
        Parameter("DelayedCall.reset(to:) and delay(by:)", Values.durations) { engine, value in
            try runTurns(on: engine) { reactor in
                for start in Values.durations {
                    let call = reactor.callLater(start) {}
                    call.delay(by: value)
                    call.reset(to: value)
                    call.delay(by: value)
                    call.delay(by: value)
                    let rest = reactor.now.duration(to: call.deadline)
                    // No earlier than now, as it was then.
                    #expect(value > .zero || rest <= .zero)
                }
            }
        },
        Parameter("commonTimeout", Values.durations) { engine, value in
            try runTurns(on: engine) { reactor in
                let common = reactor.commonTimeout(value)
                let all = (0..<100).map { _ in common.arm {} }
                afterTurns(4, on: reactor) {
                    for timeout in all { timeout.rearm() }
                    for timeout in all.prefix(50) { timeout.cancel() }
                }
            }
        },
        Parameter("commonTimeout, all at once", [0]) { engine, _ in
            try runTurns(on: engine) { reactor in
                var fired = 0
                for value in Values.durations { reactor.commonTimeout(value).arm { fired += 1 } }
                afterTurns(12, on: reactor) { #expect(fired <= Values.noTimes.count + Values.shortTimes.count) }
            }
        },
        Parameter(exchange: "stop(drainingFor:)", Values.durations) { setup, value in
            setup.onEchoed = { transport, reactor in
                try reactor.stop(drainingFor: value)
                transport.abortConnection()
            }
        },
        Parameter("ReactorInstant", Values.durations) { engine, value in
            let now = try engine.makeReactor(ReactorConfiguration()).now
            for other in Values.durations {
                let (one, two) = (now.advanced(by: value).advanced(by: value), now.advanced(by: other))
                let between = one.duration(to: two)
                #expect(one < two ? between > .zero : between <= .zero)
                _ = two.advanced(by: between).advanced(by: .zero - between).duration(to: one)
                _ = "\(one) \(between)"
            }
        },
    ]

    /// Runs a reactor for some turns.
    private static func runTurns(on engine: Engine, _ body: (ReactorBase) throws -> Void) throws {
        var configuration = ReactorConfiguration()
        configuration.stopSignals = []
        let reactor = try engine.makeReactor(configuration)
        defer { reactor.end() }
        try body(reactor)
        afterTurns(16, on: reactor) { try? reactor.stop() }
        try reactor.run()
        _ = reactor.metrics.description
    }

    private static func runTimers(on engine: Engine, _ delay: Duration, fires: Bool) throws {
        var configuration = ReactorConfiguration()
        configuration.stopSignals = []
        let reactor = try engine.makeReactor(configuration)
        defer { reactor.end() }
        let far = reactor.callLater(delay) { if fires { try? reactor.stop() } else { Issue.record("it fired") } }
        if !fires { afterTurns(16, on: reactor) { try? reactor.stop() } }
        try reactor.run()
        #expect(far.isActive != fires)
    }
}
