/// A closure that is called after a time without activity: what ``CommonTimeout/arm(_:)`` returns.
///
/// It belongs to the reactor's thread. Releasing it does not cancel it.
@safe
public class ArmedTimeout {
    /// The slot of a timeout that is in none.
    static let inactive: Int16 = -1

    // Each access is one load or store, so that no two can overlap; the check would cost as much as the rest.
    private var uncheckedLastActivity: Int64
    /// Unowned: the reactor outlives what arms timeouts.
    private let clock: Unmanaged<TurnClock>
    // Last, so that a subclass fits its flags in behind them.
    private var uncheckedIndex: Int32 = 0
    private var uncheckedSlot = ArmedTimeout.inactive

    init(lastActivity: Int64, clock: TurnClock) {
        uncheckedLastActivity = lastActivity
        unsafe self.clock = .passUnretained(clock)
    }

    /// The time of the turn of the last activity.
    final var lastActivity: Int64 {
        get { uncheckedLastActivity }
        set { uncheckedLastActivity = newValue }
    }

    /// The time of the turn.
    @inline(__always)
    final var turnTime: Int64 { unsafe clock._withUnsafeGuaranteedRef { $0.time } }

    /// Its slot in the ``TimingWheel``, or `inactive`.
    final var slot: Int16 {
        get { uncheckedSlot }
        set { uncheckedSlot = newValue }
    }

    /// Its index in the slot.
    final var index: Int32 {
        get { uncheckedIndex }
        set { uncheckedIndex = newValue }
    }

    /// Whether it is still to be called.
    public final var isActive: Bool { slot != ArmedTimeout.inactive }

    /// Starts its time again, from now: there was activity.
    ///
    /// It is one store, and moves nothing. The time is that of the reactor's turn.
    ///
    /// - Returns: false if it has been called or cancelled before; nothing happens then.
    /// - Complexity: O(1), however many timeouts are armed.
    @discardableResult
    public final func rearm() -> Bool {
        guard isActive else { return false }
        lastActivity = turnTime
        return true
    }

    /// Cancels it: its closure is released and never called.
    ///
    /// - Returns: false if it has been called or cancelled before; nothing happens then.
    /// - Complexity: O(1), however many timeouts are armed.
    @discardableResult
    public func cancel() -> Bool { false }

    /// The earliest time at which it may be due, by what is known now; `.max` if never.
    ///
    /// After what makes that time earlier it has to be inserted again.
    func nextLook(at now: Int64) -> Int64 { .max }

    /// Acts on being due, when removed from its slot.
    func expire() {}

    /// Releases what it keeps, when its reactor is gone.
    func forget() {}
}

@available(*, unavailable)
extension ArmedTimeout: Sendable {}
