extension ReactorBase {
    /// Now, on the reactor's clock.
    public var now: ReactorInstant { engine.now }

    /// Calls a closure once, after a delay.
    ///
    /// Calls are made in order of their deadlines, equal ones in order of their creation. One set with no delay, or
    /// with a negative one, runs in the next turn; it starves neither I/O nor other timers however often it sets
    /// itself anew. The clock is monotonic.
    ///
    /// - Parameters:
    ///   - delay: how long from now.
    ///   - body: what to call, on the reactor's thread; it is let go when it has been called or cancelled.
    /// - Returns: a handle by which the call can be cancelled or moved.
    @discardableResult
    public func callLater(_ delay: Duration, _ body: @escaping () -> Void) -> DelayedCall {
        timers.add(at: now.advanced(by: max(delay, .zero)), body)
    }
}
