extension ReactorBase {
    /// The current time on the reactor's clock, which is monotonic.
    public var now: ReactorInstant { engine.now }

    /// Calls a closure once, after a delay, on the reactor's thread.
    ///
    /// Calls are made in order of their deadlines, those with the same deadline in order of creation. A call with no
    /// delay, or a negative one, runs in the next turn: a call that schedules itself again starves neither I/O nor
    /// other timers.
    ///
    /// A turn spends at most about 2 ms on due calls and leaves the rest, in order, to the next turns, so that I/O,
    /// ``callSoon(_:)`` and common timeouts are not starved. Calls left when a run ends are made in the next run.
    ///
    /// - Parameters:
    ///   - delay: The delay from now.
    ///   - body: The closure to call; released after its call, or when it is cancelled.
    /// - Returns: A handle to cancel the call or to change its deadline; an inactive one after ``close()``.
    /// - Complexity: O(log n) in the number of timers.
    @discardableResult
    public func callLater(_ delay: Duration, _ body: @escaping () -> Void) -> DelayedCall {
        // A closed reactor calls nothing.
        guard !isClosed else { return timers.makeInactive() }
        return timers.add(at: now.advanced(by: max(delay, .zero)), body)
    }
}
