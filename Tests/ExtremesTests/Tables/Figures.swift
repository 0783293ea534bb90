import EventReactor
import EventReactorTesting
import Testing

extension Parameter {
    /// Metrics, which a program may add up and change.
    static let figures: [Parameter] = [
        Parameter(plain: "ReactorMetrics.Histogram.percentile", Values.numbers) { percent in
            let lag = try measured().loop.lag
            #expect(.zero...lag.max ~= lag.percentile(percent))
            #expect(ReactorMetrics().loop.lag.percentile(percent) == .zero)
        },
        Parameter(plain: "ReactorMetrics, its numbers", Values.integers) { value in
            var metrics = try measured()
            for path in numbers { metrics[keyPath: path] = value }
            use(metrics)
        },
        Parameter(plain: "ReactorMetrics.period", Values.durations) { value in
            var metrics = try measured()
            for other in Values.integers {
                metrics.period = value
                metrics.reactors = other
                use(metrics)
            }
            for other in Values.durations {
                var (one, two) = (metrics, metrics)
                (one.period, two.period) = (value, other)
                use(one.since(two) + two.since(one))
            }
        },
        Parameter(
            plain: "ReactorMetrics.prometheusText, labels and prefix", Values.texts.filter { $0.utf8.count < 10_000 }
        ) { text in
            let metrics = try measured()
            #expect(!metrics.prometheusText(labels: [text: text], prefix: text).isEmpty)
        },
        Parameter(plain: "ReactorMetrics, added to itself", [0]) { _ in
            var metrics = try measured()
            for _ in 0..<130 {
                metrics += metrics
                for percent in Values.numbers { _ = metrics.loop.lag.percentile(percent) }
                use(metrics)
            }
        },
    ]

    private static var numbers: [WritableKeyPath<ReactorMetrics, Int>] {
        [
            \.reactors, \.connections.now, \.accepting.listeners, \.accepting.accepted, \.accepting.shortages,
            \.connecting.underWay, \.connecting.started, \.traffic.bytesReceived, \.traffic.bytesSent,
            \.traffic.bytesDropped, \.traffic.bytesQueued, \.traffic.connectionsQueued, \.traffic.callbacks,
            \.loop.turns, \.loop.callSoonWaiting, \.timers.waiting, \.timers.fired, \.remote.calls, \.remote.waiting,
            \.remote.deepest, \.work.underWay, \.work.waitingForThread, \.work.waitingForResolver,
        ]
    }

    /// Metrics with something counted.
    private static func measured() throws -> ReactorMetrics {
        let reactor = SimulatedReactor(seed: 0)
        for time in Values.longTimes { reactor.callLater(.milliseconds(1)) { reactor.spend(time) } }
        reactor.advance(by: .seconds(1))
        defer { reactor.end() }
        return reactor.metrics
    }

    private static func use(_ metrics: ReactorMetrics) {
        let all = metrics + metrics + ReactorMetrics()
        _ = (all.utilization, all.since(metrics).utilization, metrics.since(all).description)
        #expect(!all.description.isEmpty && !all.prometheusText().isEmpty)
    }
}
