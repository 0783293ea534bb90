import EventReactor

extension Parameter {
    /// The settings of a transport.
    static let transports: [Parameter] = [
        Parameter(exchange: "Transport.setWriteBufferLimits(high:low:), high", Values.integers, message: 300_000) {
            setup, value in
            setup.onMade = { transport, _ in transport.setWriteBufferLimits(high: value, low: 1) }
        },
        Parameter(exchange: "Transport.setWriteBufferLimits(high:low:), low", Values.integers, message: 300_000) {
            setup, value in
            setup.onMade = { transport, _ in transport.setWriteBufferLimits(high: 1, low: value) }
        },
        Parameter(exchange: "Transport.setWriteBufferLimits(high:low:), both", Values.integers, message: 300_000) {
            setup, value in
            setup.onMade = { transport, _ in transport.setWriteBufferLimits(high: value, low: value) }
        },
        Parameter(
            exchange: "Transport.writeBufferLimit", Values.optionalIntegers, message: 300_000,
            .worksOrFails(Ended.self)
        ) { setup, value in
            setup.onMade = { transport, _ in transport.writeBufferLimit = value }
        },
        Parameter(exchange: "Transport.setKeepAlive(idle:interval:count:), times", Values.durations) { setup, value in
            setup.onMade = { transport, _ in transport.setKeepAlive(idle: value, interval: value, count: 1) }
        },
        Parameter(exchange: "Transport.setKeepAlive(idle:interval:count:), count", Values.integers) { setup, value in
            setup.onMade = { transport, _ in
                transport.setKeepAlive(idle: .seconds(1), interval: .seconds(1), count: value)
            }
        },
        Parameter(exchange: "Transport.loseConnection(within:)", Values.durations, message: 300_000) { setup, value in
            setup.onEchoed = { transport, _ in
                transport.loseConnection(within: value)
                // Set again, as a program may.
                transport.loseConnection(within: value)
            }
        },
    ]
}
