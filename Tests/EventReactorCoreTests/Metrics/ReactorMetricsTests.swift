import Testing

@testable import EventReactorCore

@Suite("ReactorMetrics")
struct ReactorMetricsTests {
    /// Figures in which everything has a value of its own.
    private func sample(_ factor: Int = 1) -> ReactorMetrics {
        var metrics = ReactorMetrics()
        metrics.reactors = 1
        metrics.period = .seconds(10 * factor)
        metrics.connections.now = 1 * factor
        metrics.connections.made[.listener] += 20 * factor
        metrics.connections.made[.connector] += 3 * factor
        metrics.connections.lost[.timedOut] += 22 * factor
        metrics.accepting.listeners = 2 * factor
        metrics.accepting.accepted = 21 * factor
        metrics.accepting.refused[.declined] += factor
        metrics.accepting.shortages = 4 * factor
        metrics.connecting.underWay = 5 * factor
        metrics.connecting.started = 9 * factor
        metrics.connecting.failed[.refused] += factor
        metrics.traffic.bytesReceived = 1000 * factor
        metrics.traffic.bytesSent = 2000 * factor
        metrics.traffic.bytesDropped = 30 * factor
        metrics.traffic.bytesQueued = 40 * factor
        metrics.traffic.connectionsQueued = factor
        metrics.traffic.callbacks = 50 * factor
        metrics.loop.turns = 60 * factor
        metrics.loop.callSoonWaiting = 7 * factor
        metrics.timers.waiting = 8 * factor
        metrics.timers.fired = 9 * factor
        metrics.remote.calls = 10 * factor
        metrics.remote.waiting = 11 * factor
        metrics.remote.deepest = 12 * factor
        metrics.work.underWay = 13 * factor
        metrics.work.waitingForThread = 14 * factor
        metrics.work.waitingForResolver = 15 * factor
        let lag = LiveHistogram()
        for index in 1...(2 * factor) { lag.record(Int64(index) * 1_000_000_000) }
        metrics.loop.lag = lag.snapshot
        metrics.timers.lateness = lag.snapshot
        return metrics
    }

    @Test func severalReactorsAddUp() {
        let sum = sample() + sample(2)
        var expected = sample(3)
        expected.reactors = 2
        expected.period = .seconds(20)
        expected.remote.deepest = 24
        expected.work.waitingForThread = 28
        expected.work.waitingForResolver = 30
        expected.loop.lag = sample().loop.lag.adding(sample(2).loop.lag)
        expected.timers.lateness = expected.loop.lag
        #expect(sum == expected)
        #expect([sample(), sample(2)].reduce(into: ReactorMetrics(), +=) == sum)
    }

    @Test func whatWasCountedSinceIsTheDifference() {
        let rest = sample(3).since(sample())
        #expect(rest.period == .seconds(20))
        #expect(rest.traffic.bytesReceived == 2000 && rest.connections.made[.listener] == 40)
        #expect(rest.loop.lag.count == 4 && rest.loop.turns == 120)
        // Gauges are the current values.
        #expect(rest.connections.now == 3 && rest.remote.waiting == 33 && rest.traffic.bytesQueued == 120)
        #expect(rest.reactors == 1)
    }

    @Test func utilizationIsTheShareOfTheTime() {
        // Turns of 1 and 2 seconds in 10.
        #expect(sample().utilization == 0.3)
        #expect((sample() + sample()).utilization == 0.3)
        #expect(ReactorMetrics().utilization == 0)
    }

    @Test func theDescriptionHasWhatOccurred() {
        let lines = sample().description.split(separator: "\n")
        #expect(lines.count == 10)
        #expect(lines[0] == "connections   1 now, made 23 (listener 20, connector 3), lost 22 (timed_out 22)")
        #expect(lines[3] == "received      1000 bytes in 50 callbacks")
        #expect(lines[5] == "turns         60, busy 30 % of 10 s")
        #expect(lines[6] == "lag           p50 1.01 s, p90 2 s, p99 2 s, p99.9 2 s, max 2 s")
        #expect(ReactorMetrics().description.contains("lost 0\n"))
    }

    @Test func prometheusTextIsOneGroupAMetric() throws {
        let text = ReactorMetrics.prometheusText(
            of: [(["reactor": "0"], sample()), (["reactor": "1", "app": "a\"b\\c\nd"], sample(2))])
        let lines = text.split(separator: "\n")
        #expect(text.hasSuffix("\n"))
        #expect(lines.contains("reactor_connections{reactor=\"0\"} 1"))
        #expect(lines.contains("reactor_connections{app=\"a\\\"b\\\\c\\nd\",reactor=\"1\"} 2"))
        #expect(lines.contains("reactor_connections_lost_total{reactor=\"0\",reason=\"timed_out\"} 22"))
        #expect(lines.contains("reactor_connections_lost_total{reactor=\"0\",reason=\"aborted\"} 0"))
        #expect(lines.contains("reactor_received_bytes_total{reactor=\"0\"} 1000"))
        // Each metric once, and its samples behind its type.
        var seen: Set<Substring> = []
        var current: Substring = ""
        for line in lines {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                current = words[2]
                #expect(seen.insert(current).inserted, "\(current) twice")
            } else if !line.hasPrefix("#") {
                #expect(line.hasPrefix(current), "\(line) within \(current)")
                #expect(Double(words[words.count - 1]) != nil, "\(line)")
            }
        }
    }

    @Test func prometheusNamesOfLabelsAreUniqueAndNotTheTextsOwn() {
        /// The labels of the first sample of a name.
        func labels(_ labels: [String: String], of name: String = "reactor_connections") -> String {
            let line = ReactorMetrics().prometheusText(labels: labels).split(separator: "\n").first {
                $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ")
            }
            return line.map { String($0.dropFirst(name.count).prefix { $0 != " " }) } ?? "none"
        }
        #expect(
            labels(["app.kubernetes.io/name": "a", "app_kubernetes_io_name": "b", "app.kubernetes.io.name": "c"])
                == "{app_kubernetes_io_name=\"c\",app_kubernetes_io_name_2=\"a\",app_kubernetes_io_name_3=\"b\"}")
        #expect(labels(["a_2": "1", "a.2": "2", "a_2_2": "3"]) == "{a_2=\"2\",a_2_2=\"1\",a_2_2_2=\"3\"}")
        #expect(labels(["by": "1", "cause": "2"]) == "{exported_by=\"1\",exported_cause=\"2\"}")
        #expect(
            labels(["reason": "canary", "exported_reason": "x"], of: "reactor_connections_lost_total")
                == "{exported_reason=\"x\",exported_reason_2=\"canary\",reason=\"done\"}")
        #expect(labels(["le": "x"], of: "reactor_loop_lag_seconds_bucket").hasPrefix("{exported_le=\"x\",le="))
        #expect(labels(["__name__": "x", "..": "y"]) == "{exported___=\"y\",exported___name__=\"x\"}")
        #expect(labels(["": "x", "9": "y"]) == "{_=\"x\",_9=\"y\"}")
        #expect(labels(["empty": ""]) == "", "to Prometheus an empty label is none")
    }

    @Test func prometheusSeriesThatWouldBeAlikeAreTold() {
        let series: [(labels: [String: String], metrics: ReactorMetrics)] = [
            (["a.b": "1"], sample()), (["a/b": "1"], sample()), ([:], sample()), (["c": ""], sample()),
            (["series": "2"], sample()),
        ]
        let lines = ReactorMetrics.prometheusText(of: series).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.contains("reactor_connections{a_b=\"1\"} 1"))
        #expect(lines.contains("reactor_connections{a_b=\"1\",series=\"2\"} 1"))
        #expect(lines.contains("reactor_connections{series=\"2\"} 1"))
        let samples = lines.map { $0.prefix { $0 != " " } }
        #expect(Set(samples).count == samples.count)
    }

    @Test func prometheusBucketsAreCumulative() {
        let text = sample(2).prometheusText(prefix: "my-app")
        let buckets = text.split(separator: "\n").filter { $0.hasPrefix("my_app_loop_lag_seconds_bucket") }
        #expect(buckets.first == "my_app_loop_lag_seconds_bucket{le=\"1.024e-06\"} 0")
        #expect(buckets.last == "my_app_loop_lag_seconds_bucket{le=\"+Inf\"} 4")
        // Of 1, 2, 3 and 4 seconds.
        #expect(buckets.contains("my_app_loop_lag_seconds_bucket{le=\"1.073741824\"} 1"))
        #expect(buckets.contains("my_app_loop_lag_seconds_bucket{le=\"2.147483648\"} 2"))
        #expect(buckets.contains("my_app_loop_lag_seconds_bucket{le=\"4.294967296\"} 4"))
        let counts = buckets.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(counts == counts.sorted() && counts.count == 27)
        #expect(text.contains("\nmy_app_loop_lag_seconds_sum 10.0\nmy_app_loop_lag_seconds_count 4\n"))
        #expect(sample().prometheusText().contains("\nreactor_connections 1\n"))
    }

    @Test func everyCauseHasAPlaceAndANameOfItsOwn() {
        func check<Cause: MetricsCause>(_ type: Cause.Type) {
            let all = Array(Cause.allCases)
            #expect(all.map(\.rawValue) == Array(0..<all.count))
            #expect(Set(all.map(\.name)).count == all.count)
        }
        check(ReactorMetrics.Origin.self)
        check(ReactorMetrics.Loss.self)
        check(ReactorMetrics.Refusal.self)
        check(ReactorMetrics.ConnectFailure.self)
    }
}
