extension ReactorMetrics: CustomStringConvertible {
    /// The figures as a table of a dozen lines; causes that did not occur are omitted.
    public var description: String {
        var table = Table()
        if reactors != 1 { table.add("reactors", "\(reactors)") }
        table.add(
            "connections",
            "\(connections.now) now, made \(connections.made.description), lost \(connections.lost.description)")
        let shortages: Message = accepting.shortages > 0 ? ", \(accepting.shortages) shortages" : ""
        table.add(
            "accepting",
            """
            \(accepting.listeners) listeners, \(accepting.accepted) accepted, \
            refused \(accepting.refused.description)\(shortages.text)
            """)
        table.add(
            "connecting",
            """
            \(connecting.underWay) under way, \(connecting.started) started, \
            failed \(connecting.failed.description)
            """)
        table.add("received", "\(traffic.bytesReceived) bytes in \(traffic.callbacks) callbacks")
        table.add(
            "sent",
            """
            \(traffic.bytesSent) bytes, \(traffic.bytesQueued) queued on \(traffic.connectionsQueued) connections, \
            \(traffic.bytesDropped) dropped
            """)
        table.add("turns", "\(loop.turns), busy \(Text.perCent(utilization)) of \(Text.short(period))")
        table.add("lag", "\(loop.lag.description)")
        table.add("timers", "\(timers.waiting) waiting, \(timers.fired) fired, late \(timers.lateness.description)")
        table.add(
            "remote calls", "\(remote.waiting) waiting, \(remote.calls) taken, \(remote.deepest) at once at most")
        table.add(
            "other work",
            """
            \(loop.callSoonWaiting) calls soon, \(work.underWay) deferred, \(work.waitingForThread) waiting for \
            a thread, \(work.waitingForResolver) for a resolver
            """)
        return table.text
    }
}

/// Lines of a name and a text, with the texts aligned.
private struct Table {
    private(set) var text = ""

    @inline(never)
    mutating func add(_ name: String, _ words: Message) {
        if !text.isEmpty { text += "\n" }
        text += name + String(repeating: " ", count: 14 - name.utf8.count) + words.text
    }
}

extension ReactorMetrics.Histogram: CustomStringConvertible {
    /// The usual percentiles and the maximum.
    public var description: String {
        guard count > 0 else { return "-" }
        func text(_ percent: Double) -> String { Text.short(percentile(percent)) }
        let line: Message =
            "p50 \(text(50)), p90 \(text(90)), p99 \(text(99)), p99.9 \(text(99.9)), max \(Text.short(max))"
        return line.text
    }
}

/// Formatting of numbers for people.
private enum Text {
    /// A duration to about three digits, in a fitting unit.
    @inline(never)
    static func short(_ duration: Duration) -> String {
        let nanoseconds = duration / .nanoseconds(1)
        let size = abs(nanoseconds)
        if size >= 1e9 { return rounded(nanoseconds / 1e9) + " s" }
        if size >= 1e6 { return rounded(nanoseconds / 1e6) + " ms" }
        if size >= 1e3 { return rounded(nanoseconds / 1e3) + " us" }
        return String(Int(nanoseconds)) + " ns"
    }

    static func perCent(_ share: Double) -> String { rounded(share * 100) + " %" }

    @inline(never)
    private static func rounded(_ number: Double) -> String {
        let scale: Double = abs(number) < 10 ? 100 : abs(number) < 100 ? 10 : 1
        let rounded = (number * scale).rounded() / scale
        // An integer without `.0`, and very large numbers with an exponent.
        return rounded == rounded.rounded() && abs(rounded) < 1e16 ? String(Int(rounded)) : rounded.description
    }
}
