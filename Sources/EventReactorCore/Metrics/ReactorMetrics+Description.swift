extension ReactorMetrics: CustomStringConvertible {
    /// The figures as a table of a dozen lines; causes that did not occur are omitted.
    public var description: String {
        var table = Table()
        if reactors != 1 { table.add("reactors", "\(reactors)") }
        table.add("connections", "\(connections.now) now, made \(connections.made), lost \(connections.lost)")
        let shortages = accepting.shortages > 0 ? ", \(accepting.shortages) shortages" : ""
        table.add(
            "accepting",
            "\(accepting.listeners) listeners, \(accepting.accepted) accepted, refused \(accepting.refused)"
                + shortages)
        table.add(
            "connecting",
            "\(connecting.underWay) under way, \(connecting.started) started, failed \(connecting.failed)")
        table.add("received", "\(traffic.bytesReceived) bytes in \(traffic.callbacks) callbacks")
        table.add(
            "sent",
            "\(traffic.bytesSent) bytes, \(traffic.bytesQueued) queued on \(traffic.connectionsQueued) connections, "
                + "\(traffic.bytesDropped) dropped")
        table.add("turns", "\(loop.turns), busy \(Text.perCent(utilization)) of \(Text.short(period))")
        table.add("lag", "\(loop.lag)")
        table.add("timers", "\(timers.waiting) waiting, \(timers.fired) fired, late \(timers.lateness)")
        table.add(
            "remote calls", "\(remote.waiting) waiting, \(remote.calls) taken, \(remote.deepest) at once at most")
        table.add(
            "other work",
            "\(loop.callSoonWaiting) calls soon, \(work.underWay) deferred, \(work.waitingForThread) waiting for "
                + "a thread, \(work.waitingForResolver) for a resolver")
        return table.text
    }
}

/// Lines of a name and a text, with the texts aligned.
private struct Table {
    private(set) var text = ""

    mutating func add(_ name: String, _ words: String) {
        if !text.isEmpty { text += "\n" }
        text += name + String(repeating: " ", count: 14 - name.utf8.count) + words
    }
}

extension ReactorMetrics.Histogram: CustomStringConvertible {
    /// The usual percentiles and the maximum.
    public var description: String {
        guard count > 0 else { return "-" }
        let percentiles = [("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9)].map { name, percent in
            "\(name) \(Text.short(percentile(percent)))"
        }
        return percentiles.joined(separator: ", ") + ", max \(Text.short(max))"
    }
}

/// Formatting of numbers for people.
private enum Text {
    /// A duration to about three digits, in a fitting unit.
    static func short(_ duration: Duration) -> String {
        let nanoseconds = duration / .nanoseconds(1)
        let units = [(1e9, "s"), (1e6, "ms"), (1e3, "us")]
        guard let (size, unit) = units.first(where: { abs(nanoseconds) >= $0.0 }) else {
            return "\(Int(nanoseconds)) ns"
        }
        return "\(rounded(nanoseconds / size)) \(unit)"
    }

    static func perCent(_ share: Double) -> String { "\(rounded(share * 100)) %" }

    private static func rounded(_ number: Double) -> String {
        guard abs(number) < 100 else { return "\(number.rounded())".droppingSuffix(".0") }
        let scale: Double = abs(number) < 10 ? 100 : 10
        return "\((number * scale).rounded() / scale)".droppingSuffix(".0")
    }
}

extension String {
    /// The string without an ending, if it has it.
    fileprivate func droppingSuffix(_ ending: String) -> String {
        hasSuffix(ending) ? String(dropLast(ending.count)) : self
    }
}
