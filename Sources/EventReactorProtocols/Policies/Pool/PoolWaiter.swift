public import EventReactorCore

/// A borrower that waits for a connection: what ``ConnectionPool/borrow(_:)`` returns.
///
/// It belongs to the reactor's thread, and need not be kept.
public final class PoolWaiter<Session: Protocol> {
    typealias Completion = (Result<ConnectionLease<Session>, PoolError>) -> Void

    /// Nil once it is served, has failed or was cancelled.
    private var completion: Completion?
    /// Unowned: it is used only while it waits, and then the pool is there.
    private unowned let pool: ConnectionPool<Session>
    var timeout: ArmedTimeout?

    init(in pool: ConnectionPool<Session>, _ completion: @escaping Completion) {
        self.pool = pool
        self.completion = completion
    }

    /// Whether it still waits.
    public var isWaiting: Bool { completion != nil }

    /// Gives up waiting: the completion is released and not called.
    ///
    /// A connection that is being made stays, and becomes idle.
    ///
    /// - Returns: False if the completion was called, or it was cancelled, before; nothing happens then.
    /// - Complexity: O(1), amortized.
    @discardableResult
    public func cancel() -> Bool {
        guard let last = end() else { return false }
        return withExtendedLifetime(last) { true }
    }

    /// Ends the waiting without the pool, which is being released.
    func forget() {
        _ = completion.take()
    }

    /// Ends the waiting, and leaves the queue.
    ///
    /// - Returns: The completion, for the caller to call or to release; nil if it does not wait.
    func end() -> Completion? {
        guard let last = completion.take() else { return nil }
        timeout?.cancel()
        timeout = nil
        pool.waiters.waiterEnded()
        return last
    }
}

@available(*, unavailable)
extension PoolWaiter: Sendable {}
