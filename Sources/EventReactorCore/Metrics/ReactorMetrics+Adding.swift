extension ReactorMetrics {
    /// Adds the figures of two reactors, or of two sums.
    ///
    /// Counters and gauges are added. Of ``period``, ``Remote/deepest`` and the gauges of the whole process
    /// (``Work/waitingForThread``, ``Work/waitingForResolver``) the sum has the greater one. On overflow it wraps
    /// around, as the counters do.
    ///
    /// - Complexity: O(n) in the buckets of the histograms, 216 each.
    public static func + (left: ReactorMetrics, right: ReactorMetrics) -> ReactorMetrics {
        var sum = left.combined(with: right, counts: &+)
        sum.reactors &+= right.reactors
        sum.period = max(left.period, right.period)
        sum.connections.now &+= right.connections.now
        sum.accepting.listeners &+= right.accepting.listeners
        sum.connecting.underWay &+= right.connecting.underWay
        sum.traffic.bytesQueued &+= right.traffic.bytesQueued
        sum.traffic.connectionsQueued &+= right.traffic.connectionsQueued
        sum.loop.lag = left.loop.lag.adding(right.loop.lag)
        sum.loop.callSoonWaiting &+= right.loop.callSoonWaiting
        sum.timers.waiting &+= right.timers.waiting
        sum.timers.lateness = left.timers.lateness.adding(right.timers.lateness)
        sum.remote.waiting &+= right.remote.waiting
        sum.remote.deepest = max(left.remote.deepest, right.remote.deepest)
        sum.work.underWay &+= right.work.underWay
        sum.work.waitingForThread = max(left.work.waitingForThread, right.work.waitingForThread)
        sum.work.waitingForResolver = max(left.work.waitingForResolver, right.work.waitingForResolver)
        return sum
    }

    /// Adds the figures of another reactor, as `+` does.
    public static func += (left: inout ReactorMetrics, right: ReactorMetrics) {
        left = left + right
    }

    /// Returns the difference to earlier figures of the same reactor, or of the same sum of reactors.
    ///
    /// Counters, histograms and ``period`` are subtracted; gauges and ``Remote/deepest`` are those of this copy.
    ///
    /// ```swift
    /// let lastMinute = metrics.since(aMinuteAgo)
    /// print(lastMinute.loop.lag.percentile(99), lastMinute.utilization)
    /// ```
    ///
    /// - Parameter earlier: The earlier copy.
    /// - Returns: The figures of the time between the two copies.
    /// - Complexity: O(n) in the buckets of the histograms, 216 each.
    public func since(_ earlier: ReactorMetrics) -> ReactorMetrics {
        var rest = combined(with: earlier, counts: &-)
        // A program may set periods to any value: their difference may overflow a duration.
        let (length, overflow) = period.attoseconds.subtractingReportingOverflow(earlier.period.attoseconds)
        rest.period = overflow ? period : Duration(attoseconds: length)
        rest.loop.lag = loop.lag.subtracting(earlier.loop.lag)
        rest.timers.lateness = timers.lateness.subtracting(earlier.timers.lateness)
        return rest
    }

    /// Combines the counters and tallies; gauges and histograms stay unchanged.
    private func combined(with other: ReactorMetrics, counts combine: (Int, Int) -> Int) -> ReactorMetrics {
        var result = self
        func apply(_ count: WritableKeyPath<ReactorMetrics, Int>) {
            result[keyPath: count] = combine(self[keyPath: count], other[keyPath: count])
        }
        apply(\.accepting.accepted)
        apply(\.accepting.shortages)
        apply(\.connecting.started)
        apply(\.traffic.bytesReceived)
        apply(\.traffic.bytesSent)
        apply(\.traffic.bytesDropped)
        apply(\.traffic.callbacks)
        apply(\.loop.turns)
        apply(\.timers.fired)
        apply(\.remote.calls)
        result.connections.made = connections.made.combined(with: other.connections.made, combine)
        result.connections.lost = connections.lost.combined(with: other.connections.lost, combine)
        result.accepting.refused = accepting.refused.combined(with: other.accepting.refused, combine)
        result.connecting.failed = connecting.failed.combined(with: other.connecting.failed, combine)
        return result
    }
}
