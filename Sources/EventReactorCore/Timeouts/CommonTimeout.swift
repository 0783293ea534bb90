/// A time without activity for which any number of timeouts are armed.
///
/// ```swift
/// let idle = reactor.commonTimeout(.seconds(60))
/// let timeout = idle.arm { session.close() }
/// // whenever the session is used:
/// timeout.rearm()
/// ```
///
/// Arming, re-arming and cancelling are O(1), for a million as for one; moving a timer at each message
/// (``DelayedCall/reset(to:)``) is O(log n). Activity is only noted: a timeout is looked at when its time seems to be
/// over, and again later if it was re-armed meanwhile. That is about once in its time, however often it was re-armed.
///
/// Timeouts that are due at one instant are called in no promised order. None is called before its time is over, counted
/// from the turn in which it was last re-armed. If the reactor was held up for more than a tenth of a second, timeouts
/// that came due meanwhile wait for another tenth of a second: what a peer sent may be waiting to be read.
public final class CommonTimeout {
    /// The time without activity.
    public let duration: Duration

    let nanoseconds: Int64
    let queue: TimeoutQueue

    init(_ duration: Duration, on queue: TimeoutQueue) {
        self.duration = duration
        nanoseconds = max(1, duration.saturatedNanoseconds)
        self.queue = queue
    }

    /// Arms a timeout: a closure is called once, when the time is over.
    ///
    /// - Parameter body: called on the reactor's thread; released when it has been called or cancelled.
    /// - Returns: a handle that re-arms and cancels the timeout; the reactor retains it until then.
    /// - Complexity: O(1), however many timeouts are armed.
    @discardableResult
    public func arm(_ body: @escaping () -> Void) -> ArmedTimeout {
        // A reactor that is gone calls nothing.
        guard !queue.isShut else { return ClosureTimeout(self, nil, lastActivity: 0) }
        let now = queue.clock.exactTime
        let timeout = ClosureTimeout(self, body, lastActivity: now)
        queue.insert(timeout, due: now.saturatingAdding(nanoseconds), now: now)
        return timeout
    }
}

@available(*, unavailable)
extension CommonTimeout: Sendable {}

extension ReactorBase {
    /// Makes a time without activity for which any number of timeouts can be armed, at O(1) each.
    ///
    /// - Parameter duration: the time; zero or less counts as a nanosecond.
    /// - Returns: what arms timeouts; it does not keep the reactor alive.
    public final func commonTimeout(_ duration: Duration) -> CommonTimeout {
        CommonTimeout(duration, on: timeouts)
    }
}

/// A timeout that calls a closure.
private final class ClosureTimeout: ArmedTimeout {
    private let common: CommonTimeout
    private var body: (() -> Void)?

    init(_ common: CommonTimeout, _ body: (() -> Void)?, lastActivity: Int64) {
        self.common = common
        self.body = body
        super.init(lastActivity: lastActivity, clock: common.queue.clock)
    }

    override func cancel() -> Bool {
        guard isActive else { return false }
        common.queue.remove(self)
        body = nil
        return true
    }

    override func nextLook(at now: Int64) -> Int64 {
        common.queue.clock.corrected(lastActivity).saturatingAdding(common.nanoseconds)
    }

    override func expire() {
        body.take()?()
    }

    override func forget() {
        body = nil
    }
}
