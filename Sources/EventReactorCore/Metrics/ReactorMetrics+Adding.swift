extension ReactorMetrics {
    /// Adds the figures of two reactors, or of two sums.
    ///
    /// Counters and gauges are added. Of ``period``, ``Remote/deepest`` and the gauges of the whole process
    /// (``Work/waitingForThread``, ``Work/waitingForResolver``) the sum has the greater one. On overflow it wraps
    /// around, as the counters do.
    ///
    /// - Complexity: O(n) in the buckets of the histograms, 216 each.
    public static func + (left: ReactorMetrics, right: ReactorMetrics) -> ReactorMetrics {
        var sum = left.adding(right, times: 1)
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
        var rest = adding(earlier, times: -1)
        // A program may set periods to any value: their difference may overflow a duration.
        let (length, overflow) = period.attoseconds.subtractingReportingOverflow(earlier.period.attoseconds)
        rest.period = overflow ? period : Duration(attoseconds: length)
        rest.loop.lag = loop.lag.subtracting(earlier.loop.lag)
        rest.timers.lateness = timers.lateness.subtracting(earlier.timers.lateness)
        return rest
    }

    /// Adds a multiple of the counters and tallies; gauges and histograms stay unchanged.
    @inline(never)
    private func adding(_ other: ReactorMetrics, times factor: Int) -> ReactorMetrics {
        var result = self
        result.accepting.accepted &+= factor &* other.accepting.accepted
        result.accepting.shortages &+= factor &* other.accepting.shortages
        result.connecting.started &+= factor &* other.connecting.started
        result.traffic.bytesReceived &+= factor &* other.traffic.bytesReceived
        result.traffic.bytesSent &+= factor &* other.traffic.bytesSent
        result.traffic.bytesDropped &+= factor &* other.traffic.bytesDropped
        result.traffic.callbacks &+= factor &* other.traffic.callbacks
        result.loop.turns &+= factor &* other.loop.turns
        result.timers.fired &+= factor &* other.timers.fired
        result.remote.calls &+= factor &* other.remote.calls
        result.connections.made.add(other.connections.made, times: factor)
        result.connections.lost.add(other.connections.lost, times: factor)
        result.accepting.refused.add(other.accepting.refused, times: factor)
        result.connecting.failed.add(other.connecting.failed, times: factor)
        return result
    }
}
