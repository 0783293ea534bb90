extension ReactorBase {
    /// Now, on the reactor's clock.
    public var now: ReactorInstant { engine.now }

    /// Calls a closure once, after a delay.
    ///
    /// Calls are made in order of their deadlines, equal ones in order of their creation. One set with no delay, or
    /// with a negative one, runs in the next turn; it starves neither I/O nor other timers however often it sets
    /// itself again. The clock is monotonic.
    ///
    /// Of calls that are due together one turn makes as many as 2 ms take, and the next turns the rest, in order: I/O,
    /// `callSoon` and common timeouts go on meanwhile, and later calls wait for earlier ones. What is left when a run
    /// ends is for the next run, until ``close()``.
    ///
    /// - Parameters:
    ///   - delay: how long from now.
    ///   - body: what to call, on the reactor's thread; it is let go when it has been called or cancelled.
    /// - Returns: a handle by which the call can be cancelled or moved; an inactive one after ``close()``.
    @discardableResult
    public func callLater(_ delay: Duration, _ body: @escaping () -> Void) -> DelayedCall {
        // Inactive from the start: a reactor that was closed calls nothing.
        guard !isClosed else { return timers.makeInactive() }
        return timers.add(at: now.advanced(by: max(delay, .zero)), body)
    }
}
