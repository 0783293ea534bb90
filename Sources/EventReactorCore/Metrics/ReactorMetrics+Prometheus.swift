extension ReactorMetrics {
    /// Returns the figures in the text format of Prometheus, version 0.0.4, which other monitoring systems read too.
    ///
    /// Names of counters end in `_total`, durations are in seconds. Histograms have a bucket for each doubling from 1
    /// microsecond to 34 seconds. An HTTP response has the content type `text/plain; version=0.0.4`.
    ///
    /// - Parameters:
    ///   - labels: Labels for every sample, none by default; they are sorted by name. An underscore replaces each
    ///     character that is invalid in a name. Names that are then equal get a suffix, `_2` and up, in that order;
    ///     reserved names (`by`, `reason`, `cause`, `le`, `series`, and those that begin with two underscores) get the
    ///     prefix `exported_`. A label with an empty value is omitted: Prometheus treats it as absent.
    ///   - prefix: The beginning of all metric names, `reactor` by default.
    /// - Returns: The text, which ends with a line break.
    public func prometheusText(labels: [String: String] = [:], prefix: String = "reactor") -> String {
        ReactorMetrics.prometheusText(of: [(labels, self)], prefix: prefix)
    }

    /// Returns the figures of several reactors in the text format of Prometheus, distinguished by labels.
    ///
    /// The format requires that all samples of a name are adjacent: the texts of single reactors cannot be
    /// concatenated.
    ///
    /// ```swift
    /// ReactorMetrics.prometheusText(of: [(["reactor": "0"], first), (["reactor": "1"], second)])
    /// ```
    ///
    /// - Parameters:
    ///   - series: The figures and labels of each reactor. If the labels of two are equal, or become equal, the second
    ///     gets the label `series="2"`, and so on.
    ///   - prefix: The beginning of all metric names, `reactor` by default.
    /// - Returns: The text, which ends with a line break.
    public static func prometheusText(
        of series: [(labels: [String: String], metrics: ReactorMetrics)], prefix: String = "reactor"
    ) -> String {
        var text = PrometheusText(series: series, prefix: prefix)
        text.gauge("connections", "Open connections.", \.connections.now)
        text.counter("connections_made_total", "Connections made, by origin.", "by", \.connections.made.named)
        text.counter("connections_lost_total", "Connections lost, by reason.", "reason", \.connections.lost.named)
        text.gauge("listeners", "Listeners.", \.accepting.listeners)
        text.counter("accepted_total", "Peers accepted, including those refused afterwards.", \.accepting.accepted)
        text.counter("refused_total", "Peers closed before their connection began.", "cause", \.accepting.refused.named)
        text.counter(
            "accept_shortages_total", "Failures to accept because resources were exhausted.", \.accepting.shortages)
        text.gauge("connects_under_way", "Connects under way.", \.connecting.underWay)
        text.counter("connects_started_total", "Connects started.", \.connecting.started)
        text.counter("connects_failed_total", "Connects that failed.", "cause", \.connecting.failed.named)
        text.counter("received_bytes_total", "Bytes passed to dataReceived or relayed.", \.traffic.bytesReceived)
        text.counter("received_callbacks_total", "Calls of dataReceived.", \.traffic.callbacks)
        text.counter("sent_bytes_total", "Bytes that the kernel accepted for sending.", \.traffic.bytesSent)
        text.counter("dropped_bytes_total", "Bytes queued and never sent.", \.traffic.bytesDropped)
        text.gauge("queued_bytes", "Bytes in write queues.", \.traffic.bytesQueued)
        text.gauge("queued_connections", "Connections with bytes in their write queue.", \.traffic.connectionsQueued)
        text.counter("turns_total", "Turns of the loop.", \.loop.turns)
        text.histogram("loop_lag_seconds", "Duration of a turn's work.", \.loop.lag)
        text.gauge("call_soon_waiting", "Calls for the next turn.", \.loop.callSoonWaiting)
        text.gauge("timers_waiting", "Timers that have not fired.", \.timers.waiting)
        text.histogram("timer_lateness_seconds", "Lateness of timers.", \.timers.lateness)
        text.counter("remote_calls_total", "Calls from other threads.", \.remote.calls)
        text.gauge("remote_calls_waiting", "Calls from other threads that wait.", \.remote.waiting)
        text.gauge("remote_calls_deepest", "Most calls from other threads that waited at a time.", \.remote.deepest)
        text.gauge("deferred_work", "Blocking jobs without a result yet.", \.work.underWay)
        text.gauge("thread_pool_waiting", "Jobs of the process that wait for a thread.", \.work.waitingForThread)
        text.gauge("resolver_pool_waiting", "Names of the process that wait for a thread.", \.work.waitingForResolver)
        return text.text
    }
}

/// Samples of several series, grouped by name.
private struct PrometheusText {
    private let series: [(labels: String, metrics: ReactorMetrics)]
    private let prefix: String
    private(set) var text = ""

    init(series: [(labels: [String: String], metrics: ReactorMetrics)], prefix: String) {
        self.prefix = PrometheusLabels.name(prefix)
        var texts: [String] = []
        self.series = series.map { labels, metrics in
            let text = PrometheusLabels.text(labels)
            texts.append(text)
            var count = 0
            for known in texts where known == text { count += 1 }
            if count == 1 { return (text, metrics) }
            return (text + (text.isEmpty ? "" : ",") + "series=\"" + String(count) + "\"", metrics)
        }
    }

    mutating func gauge(_ name: String, _ help: String, _ value: KeyPath<ReactorMetrics, Int>) {
        samples(name, help, "gauge", value)
    }

    mutating func counter(_ name: String, _ help: String, _ value: KeyPath<ReactorMetrics, Int>) {
        samples(name, help, "counter", value)
    }

    @inline(never)
    private mutating func samples(
        _ name: String, _ help: String, _ type: String, _ value: KeyPath<ReactorMetrics, Int>
    ) {
        begin(name, help, type)
        for (labels, metrics) in series { sample(name, labels, String(metrics[keyPath: value])) }
    }

    @inline(never)
    mutating func counter(
        _ name: String, _ help: String, _ label: String,
        _ values: KeyPath<ReactorMetrics, [(name: String, count: Int)]>
    ) {
        begin(name, help, "counter")
        for (labels, metrics) in series {
            // Causes that have not occurred too: a rate needs a counter's first sample, zero.
            for (cause, count) in metrics[keyPath: values] {
                sample(name, labels, String(count), with: label + "=\"" + cause + "\"")
            }
        }
    }

    @inline(never)
    mutating func histogram(_ name: String, _ help: String, _ value: KeyPath<ReactorMetrics, ReactorMetrics.Histogram>)
    {
        begin(name, help, "histogram")
        for (labels, metrics) in series {
            let histogram = metrics[keyPath: value]
            for bits in 10...35 {
                let bound = (Double(Int64(1) << Int64(bits)) / 1e9).description
                sample(name + "_bucket", labels, String(histogram.count(below: bits)), with: "le=\"" + bound + "\"")
            }
            sample(name + "_bucket", labels, String(histogram.count), with: "le=\"+Inf\"")
            sample(name + "_sum", labels, (histogram.sum / .seconds(1)).description)
            sample(name + "_count", labels, String(histogram.count))
        }
    }

    @inline(never)
    private mutating func begin(_ name: String, _ help: String, _ type: String) {
        let lines: Message = "# HELP \(prefix)_\(name) \(help)\n# TYPE \(prefix)_\(name) \(type)\n"
        text += lines.text
    }

    @inline(never)
    private mutating func sample(_ name: String, _ labels: String, _ value: String, with more: String = "") {
        let all = labels.isEmpty || more.isEmpty ? labels + more : labels + "," + more
        let braced: Message = all.isEmpty ? "" : "{\(all)}"
        let line: Message = "\(prefix)_\(name)\(braced.text) \(value)\n"
        text += line.text
    }
}
