import EventReactor

extension Parameter {
    /// Settings of a reactor.
    static let reactors: [Parameter] = [
        Parameter(exchange: "ReactorConfiguration.receiveBufferSize", Values.integers, message: 20_000) {
            $0.configuration.receiveBufferSize = $1
        },
        Parameter(exchange: "ReactorConfiguration.acceptsPerTurn", Values.integers) {
            $0.configuration.acceptsPerTurn = $1
        },
        Parameter(
            exchange: "ReactorConfiguration.stopSignals", Values.noDescriptors + [0, 9, 19, 32, 65],
            on: Engine.onKernel, .fails(ReactorError.self)
        ) {
            $0.configuration.stopSignals = [$1]
        },
        Parameter(
            exchange: "ReactorBase.onSignal", Values.noDescriptors + [0, 9, 19, 32, 65], on: Engine.onKernel,
            .fails(ReactorError.self)
        ) { setup, signal in
            setup.onReactor = { $0.onSignal(signal) {} }
        },
        Parameter(exchange: "ReactorBase.printMetrics(on:), simulated", Values.noDescriptors, on: [.simulated]) {
            setup, signal in
            setup.onReactor = { $0.printMetrics(on: signal) }
        },
    ]

    /// Settings of connections, but for timeouts and rates.
    static let streams: [Parameter] = [
        Parameter(exchange: "StreamOptions.writeBufferHighMark", Values.integers, message: 300_000) {
            $0.stream.writeBufferHighMark = $1
        },
        Parameter(exchange: "StreamOptions.writeBufferLowMark", Values.integers, message: 300_000) {
            $0.stream.writeBufferLowMark = $1
        },
        Parameter(exchange: "StreamOptions.writeBufferLowMark, high mark 0", Values.integers, message: 300_000) {
            $0.stream.writeBufferHighMark = 0
            $0.stream.writeBufferLowMark = $1
        },
        // A limit of few bytes ends the connection as soon as one byte has to wait.
        Parameter(
            exchange: "StreamOptions.writeBufferLimit", Values.optionalIntegers, message: 300_000,
            .worksOrFails(Ended.self)
        ) {
            $0.stream.writeBufferLimit = $1
        },
        Parameter(exchange: "StreamOptions.closeDeadline", Values.optionalDurations, message: 300_000) {
            $0.stream.closeDeadline = $1
        },
        Parameter(exchange: "StreamOptions.kernelReceiveBuffer", Values.optionalIntegers, message: 20_000) {
            $0.stream.kernelReceiveBuffer = $1
        },
        Parameter(exchange: "StreamOptions.kernelSendBuffer", Values.optionalIntegers, message: 20_000) {
            $0.stream.kernelSendBuffer = $1
        },
        Parameter(exchange: "StreamOptions.KeepAlive.idle", Values.durations) {
            $0.stream.keepAlive = .init(idle: $1, interval: .seconds(1), count: 1)
        },
        Parameter(exchange: "StreamOptions.KeepAlive.interval", Values.durations) {
            $0.stream.keepAlive = .init(idle: .seconds(1), interval: $1, count: 1)
        },
        Parameter(exchange: "StreamOptions.KeepAlive.count", Values.integers) {
            $0.stream.keepAlive = .init(idle: .seconds(1), interval: .seconds(1), count: $1)
        },
    ]
}
