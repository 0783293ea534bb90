/// A call that a reactor will make later: what `callLater` returns.
///
/// It belongs to the reactor's thread. Dropping it does not cancel the call.
public final class DelayedCall {
    /// When the call is due.
    public internal(set) var deadline: ReactorInstant

    /// Order of creation: equal deadlines fire in this order.
    let sequence: UInt64

    // One load or store each time, so that no two accesses can overlap: the heap sets it at every step.
    @exclusivity(unchecked) private var uncheckedPlace = -1

    /// The place in the queue's heap, or -1 when fired or cancelled.
    var place: Int {
        get { unsafe uncheckedPlace }
        set { unsafe uncheckedPlace = newValue }
    }

    /// What to call; gone once fired or cancelled, with all that it captured.
    var body: (() -> Void)?

    /// Unowned: the queue outlives every call that is in it, and detaches all of them as the reactor goes or is closed.
    ///
    /// It is only used while the call is in it.
    private unowned(unsafe) let queue: TimerQueue

    init(deadline: ReactorInstant, sequence: UInt64, queue: TimerQueue, body: (() -> Void)?) {
        self.deadline = deadline
        self.sequence = sequence
        unsafe self.queue = queue
        self.body = body
    }

    /// Whether the call is still to come.
    public var isActive: Bool { place >= 0 }

    /// Calls it off: it never fires.
    ///
    /// - Returns: false where it has fired or was cancelled before, and nothing happened.
    @discardableResult
    public func cancel() -> Bool {
        guard isActive else { return false }
        unsafe queue.remove(self)
        body = nil
        return true
    }

    /// Moves the call to a time from now, earlier or later than it was due; less than no time counts as none.
    ///
    /// - Returns: false where it has fired or was cancelled, and nothing happened.
    @discardableResult
    public func reset(to delay: Duration) -> Bool {
        guard isActive else { return false }
        unsafe queue.move(self, to: queue.now().advanced(by: max(delay, .zero)))
        return true
    }

    /// Moves the call by a time from when it was due; a negative one moves it earlier, to now at the earliest.
    ///
    /// - Returns: false where it has fired or was cancelled, and nothing happened.
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
