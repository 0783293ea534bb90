import EventReactor

extension Parameter {
    /// Rate limits.
    static let rates: [Parameter] = [
        limit("readRate", Values.optionalIntegers) { RateLimit(readRate: $0) },
        limit("writeRate", Values.optionalIntegers) { RateLimit(writeRate: $0) },
        limit("burst", Values.integers) { RateLimit(readRate: 1_000, writeRate: 1_000, burst: $0) },
        limit("all three", Values.integers) { RateLimit(readRate: $0, writeRate: $0, burst: $0) },
        limit("rates of the largest, burst", Values.integers) { RateLimit(readRate: .max, writeRate: .max, burst: $0) },
        Parameter(exchange: "Buffering.bufferevent(rateLimit:)", Values.integers, on: [.bufferevent]) {
            $0.buffering = .bufferevent(rateLimit: RateLimit(readRate: $1, writeRate: $1, burst: $1))
        },
        Parameter(exchange: "Buffering.bufferevent(rateLimit:), burst", Values.integers, on: [.bufferevent]) {
            $0.buffering = .bufferevent(rateLimit: RateLimit(readRate: .max, writeRate: 1_000, burst: $1))
        },
    ]

    /// As an option, set at a connection, and shared by a group that joins by the port and by the connection.
    private static func limit<Value: Sendable>(
        _ name: String, _ values: [Value], _ make: @escaping @Sendable (Value) -> RateLimit
    ) -> Parameter {
        Parameter("RateLimit.\(name)", values) { engine, value in
            let limit = make(value)
            var asOption = Setup()
            asOption.stream.rateLimit = limit
            try Exchange(engine, asOption).run()
            var atConnection = Setup()
            atConnection.onMade = { transport, _ in transport.setRateLimit(limit) }
            atConnection.onEchoed = { transport, _ in transport.setRateLimit(nil) }
            try Exchange(engine, atConnection).run()
            var inGroup = Setup()
            inGroup.onPort = { port, reactor in port.rateLimitGroup = RateLimitGroup(limit, on: reactor) }
            inGroup.onMade = { transport, reactor in transport.setRateLimitGroup(RateLimitGroup(limit, on: reactor)) }
            try Exchange(engine, inGroup).run()
        }
    }
}
