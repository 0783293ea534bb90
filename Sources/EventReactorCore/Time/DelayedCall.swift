/// A call that a reactor makes later: what `callLater` returns.
///
/// It belongs to the reactor's thread. Releasing it does not cancel the call.
public final class DelayedCall {
    /// When the call is due.
    public internal(set) var deadline: ReactorInstant

    /// Order of creation: equal deadlines fire in this order.
    let sequence: UInt64

    // One load or store each time, so that no two accesses can overlap: the heap sets it at every step.
    private var uncheckedIndex = -1

    /// Its index in the queue's heap, or -1 when fired or cancelled.
    var index: Int {
        get { uncheckedIndex }
        set { uncheckedIndex = newValue }
    }

    /// The closure to call; released once fired or cancelled, with all that it captured.
    var body: (() -> Void)?

    /// Unowned: the queue outlives every call that is in it, and removes all when the reactor is released or closed.
    ///
    /// It is only used while the call is in it.
    private unowned(unsafe) let queue: TimerQueue

    init(deadline: ReactorInstant, sequence: UInt64, queue: TimerQueue, body: (() -> Void)?) {
        self.deadline = deadline
        self.sequence = sequence
        unsafe self.queue = queue
        self.body = body
    }

    /// Whether it is still to be called.
    public var isActive: Bool { index >= 0 }

    /// Cancels the call: its closure is released and never called.
    ///
    /// - Returns: false if it has fired or was cancelled before; nothing happens then.
    /// - Complexity: O(log n) of the timers that are set.
    @discardableResult
    @inline(never)
    public func cancel() -> Bool {
        guard isActive else { return false }
        unsafe queue.remove(self)
        body = nil
        return true
    }

    /// Moves the call to a time from now, earlier or later than it was due.
    ///
    /// - Parameter delay: the time from now; a negative one counts as zero.
    /// - Returns: false if it has fired or was cancelled before; nothing happens then.
    /// - Complexity: O(log n) of the timers that are set.
    @discardableResult
    public func reset(to delay: Duration) -> Bool {
        guard isActive else { return false }
        unsafe queue.move(self, to: queue.now().advanced(by: max(delay, .zero)))
        return true
    }

    /// Moves the call by a time from when it was due.
    ///
    /// - Parameter duration: the time; a negative one moves the call earlier, to now at the earliest.
    /// - Returns: false if it has fired or was cancelled before; nothing happens then.
    /// - Complexity: O(log n) of the timers that are set.
    @discardableResult
    public func delay(by duration: Duration) -> Bool {
        guard isActive else { return false }
        var moved = deadline.advanced(by: duration)
        // One that is older than now would come before all others in every turn.
        if duration < .zero { moved = max(moved, unsafe queue.now()) }
        unsafe queue.move(self, to: moved)
        return true
    }
}

@available(*, unavailable)
extension DelayedCall: Sendable {}
