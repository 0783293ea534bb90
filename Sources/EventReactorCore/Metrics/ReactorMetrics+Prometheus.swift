extension ReactorMetrics {
    /// The figures in the text format of Prometheus, version 0.0.4, which other monitoring reads too.
    ///
    /// Counters end in `_total`, durations are in seconds. The histograms have a bucket for each doubling from 1
    /// microsecond to 34 seconds. An HTTP answer with it is of the type `text/plain; version=0.0.4`.
    ///
    /// - Parameters:
    ///   - labels: put on every sample, in order of their names. What a name may not contain becomes an underscore. Names
    ///     that then collide get a number, `_2` and up, in that order; names that the text or Prometheus uses itself
    ///     (`by`, `reason`, `cause`, `le`, `series`, and those that begin with two underscores) get `exported_` before
    ///     them. A label without a value is left out: to Prometheus it is none.
    ///   - prefix: what the names begin with.
    public func prometheusText(labels: [String: String] = [:], prefix: String = "reactor") -> String {
        ReactorMetrics.prometheusText(of: [(labels, self)], prefix: prefix)
    }

    /// The figures of several reactors in the text format of Prometheus, told apart by labels.
    ///
    /// The format wants the samples of a name together: the texts of single reactors cannot be put one after another.
    ///
    /// ```swift
    /// ReactorMetrics.prometheusText(of: [(["reactor": "0"], first), (["reactor": "1"], second)])
    /// ```
    ///
    /// - Parameters:
    ///   - series: each with labels that no other has; where they are alike, or become so, the second gets the label
    ///     `series="2"`, and so on.
    ///   - prefix: what the names begin with.
    public static func prometheusText(
        of series: [(labels: [String: String], metrics: ReactorMetrics)], prefix: String = "reactor"
    ) -> String {
        var text = PrometheusText(series: series, prefix: prefix)
        text.gauge("connections", "Connections that stand.", \.connections.now)
        text.counter("connections_made_total", "Connections made, by what made them.", "by", \.connections.made)
        text.counter("connections_lost_total", "Connections lost, by reason.", "reason", \.connections.lost)
        text.gauge("listeners", "Listeners.", \.accepting.listeners)
        text.counter("accepted_total", "Peers accepted, those refused afterwards among them.", \.accepting.accepted)
        text.counter(
            "refused_total", "Peers closed without having been a connection.", "cause", \.accepting.refused)
        text.counter("accept_shortages_total", "Failures to accept for want of resources.", \.accepting.shortages)
        text.gauge("connects_under_way", "Connects that have not ended.", \.connecting.underWay)
        text.counter("connects_started_total", "Connects begun.", \.connecting.started)
        text.counter("connects_failed_total", "Connects that came to nothing.", "cause", \.connecting.failed)
        text.counter("received_bytes_total", "Bytes given to dataReceived or relayed.", \.traffic.bytesReceived)
        text.counter("received_callbacks_total", "Calls of dataReceived.", \.traffic.callbacks)
        text.counter("sent_bytes_total", "Bytes that the kernel took.", \.traffic.bytesSent)
        text.counter("dropped_bytes_total", "Bytes queued and never sent.", \.traffic.bytesDropped)
        text.gauge("queued_bytes", "Bytes that wait to be sent.", \.traffic.bytesQueued)
        text.gauge("queued_connections", "Connections with bytes waiting.", \.traffic.connectionsQueued)
        text.counter("turns_total", "Turns of the loop.", \.loop.turns)
        text.histogram("loop_lag_seconds", "How long the work of a turn took.", \.loop.lag)
        text.gauge("call_soon_waiting", "Calls for the next turn.", \.loop.callSoonWaiting)
        text.gauge("timers_waiting", "Timers still to come.", \.timers.waiting)
        text.histogram("timer_lateness_seconds", "How late timers fired.", \.timers.lateness)
        text.counter("remote_calls_total", "Calls from other threads.", \.remote.calls)
        text.gauge("remote_calls_waiting", "Calls from other threads that wait.", \.remote.waiting)
        text.gauge("remote_calls_deepest", "The most that ever waited.", \.remote.deepest)
        text.gauge("deferred_work", "Blocking work without a result yet.", \.work.underWay)
        text.gauge("thread_pool_waiting", "The process's work that waits for a thread.", \.work.waitingForThread)
        text.gauge("resolver_pool_waiting", "Names that wait for a thread.", \.work.waitingForResolver)
        return text.text
    }
}

/// Puts samples together by name.
private struct PrometheusText {
    private let series: [(labels: String, metrics: ReactorMetrics)]
    private let prefix: String
    private(set) var text = ""

    init(series: [(labels: [String: String], metrics: ReactorMetrics)], prefix: String) {
        self.prefix = PrometheusLabels.name(prefix)
        var counts: [String: Int] = [:]
        self.series = series.map { labels, metrics in
            let text = PrometheusLabels.text(labels)
            let number = (counts[text] ?? 0) + 1
            counts[text] = number
            if number == 1 { return (text, metrics) }
            return (text + (text.isEmpty ? "" : ",") + "series=\"\(number)\"", metrics)
        }
    }

    mutating func gauge(_ name: String, _ help: String, _ value: KeyPath<ReactorMetrics, Int>) {
        begin(name, help, "gauge")
        for (labels, metrics) in series { sample(name, labels, "\(metrics[keyPath: value])") }
    }

    mutating func counter(_ name: String, _ help: String, _ value: KeyPath<ReactorMetrics, Int>) {
        begin(name, help, "counter")
        for (labels, metrics) in series { sample(name, labels, "\(metrics[keyPath: value])") }
    }

    mutating func counter<Cause>(
        _ name: String, _ help: String, _ label: String, _ value: KeyPath<ReactorMetrics, ReactorMetrics.Tally<Cause>>
    ) {
        begin(name, help, "counter")
        for (labels, metrics) in series {
            // Those that have not occurred too: a rate is known of what began at zero.
            metrics[keyPath: value].forEach { cause, count in
                sample(name, labels, "\(count)", with: "\(label)=\"\(cause)\"")
            }
        }
    }

    mutating func histogram(_ name: String, _ help: String, _ value: KeyPath<ReactorMetrics, ReactorMetrics.Histogram>)
    {
        begin(name, help, "histogram")
        for (labels, metrics) in series {
            let histogram = metrics[keyPath: value]
            for bits in 10...35 {
                let bound = "le=\"\(Double(Int64(1) << Int64(bits)) / 1e9)\""
                sample(name + "_bucket", labels, "\(histogram.count(below: bits))", with: bound)
            }
            sample(name + "_bucket", labels, "\(histogram.count)", with: "le=\"+Inf\"")
            sample(name + "_sum", labels, "\(histogram.sum / .seconds(1))")
            sample(name + "_count", labels, "\(histogram.count)")
        }
    }

    private mutating func begin(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(prefix)_\(name) \(help)\n# TYPE \(prefix)_\(name) \(type)\n"
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: String, with more: String = "") {
        let all = labels.isEmpty || more.isEmpty ? labels + more : labels + "," + more
        text += "\(prefix)_\(name)\(all.isEmpty ? "" : "{\(all)}") \(value)\n"
    }
}
