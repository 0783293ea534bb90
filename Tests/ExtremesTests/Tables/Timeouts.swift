import EventReactor

extension Parameter {
    /// Timeouts of connections.
    static let timeouts: [Parameter] =
        limits("idle") { StreamTimeouts(idle: $0) } + limits("read") { StreamTimeouts(read: $0) }
        + limits("write", shortTimesEnd: false) { StreamTimeouts(write: $0) }
        + limits("firstByte", shortTimesEnd: false) { StreamTimeouts(firstByte: $0) }
        + [
            rate("bytes, reading", Values.integers, .works) {
                StreamTimeouts(minimumReadRate: TransferRate(bytes: $0, per: .seconds(1_000)))
            },
            rate("bytes, writing", Values.integers, .works) {
                StreamTimeouts(minimumWriteRate: TransferRate(bytes: $0, per: .seconds(1_000)))
            },
            rate("period, reading", Values.durations, .worksOrFails(Ended.self)) {
                StreamTimeouts(minimumReadRate: TransferRate(bytes: 1, per: $0))
            },
            rate("period, writing", Values.durations, .worksOrFails(Ended.self)) {
                StreamTimeouts(minimumWriteRate: TransferRate(bytes: 1, per: $0))
            },
            rate("grace, reading", Values.durations, .works) {
                StreamTimeouts(minimumReadRate: TransferRate(bytes: 1, per: .seconds(1_000), grace: $0))
            },
            rate("grace, writing", Values.durations, .works) {
                StreamTimeouts(minimumWriteRate: TransferRate(bytes: 1, per: .seconds(1_000), grace: $0))
            },
            rate("bytes, period and grace", Array(zip(Values.integers, Values.durations)), .worksOrFails(Ended.self)) {
                let rate = TransferRate(bytes: $0.0, per: $0.1, grace: $0.1)
                return StreamTimeouts(minimumReadRate: rate, minimumWriteRate: rate)
            },
        ]

    /// Times that pass at once, and times that never pass.
    private static func limits(
        _ name: String, shortTimesEnd: Bool = true, _ make: @escaping @Sendable (Duration?) -> StreamTimeouts
    ) -> [Parameter] {
        [
            rate(name, Values.noTimes + Values.shortTimes, .worksOrFails(Ended.self), make),
            rate(name, Values.longTimes.map { $0 } + [nil], .works, make),
        ]
    }

    /// Once as an option, and once set again at each end while the message is under way.
    private static func rate<Value: Sendable>(
        _ name: String, _ values: [Value], _ expectation: Expectation,
        _ make: @escaping @Sendable (Value) -> StreamTimeouts
    ) -> Parameter {
        Parameter("StreamTimeouts.\(name)", values, expectation) { engine, value in
            var setup = Setup()
            // Some bytes wait for the kernel, on every engine.
            setup.messageSize = 50_000
            setup.stream.kernelSendBuffer = 4096
            setup.stream.timeouts = make(value)
            try Exchange(engine, setup).run()
            setup.stream.timeouts = .none
            setup.onMade = { transport, reactor in
                transport.setTimeouts(make(value))
                // A pause stops the clocks, and its end starts them again.
                transport.pauseReading()
                reactor.callSoon { transport.resumeReading() }
            }
            try Exchange(engine, setup).run()
        }
    }
}
