/// Something that happens after a time without activity: what ``CommonTimeout/arm(_:)`` returns.
///
/// It belongs to the reactor's thread. Dropping it does not cancel it.
@safe
public class ArmedTimeout {
    /// Neither waiting nor about to be looked at.
    static let nowhere: Int32 = -1
    /// Found to be due, and called in this turn.
    static let due: Int32 = -2

    // Each access is one load or store, so that no two can overlap; the check would cost as much as the rest.
    @exclusivity(unchecked) private var uncheckedTouched: Int64
    /// The reactor's, which whoever arms timeouts holds.
    private let clock: Unmanaged<TurnClock>
    @exclusivity(unchecked) private var uncheckedNext: Unmanaged<ArmedTimeout>?
    @exclusivity(unchecked) private var uncheckedPrevious: Unmanaged<ArmedTimeout>?
    // Last, so that a subclass fits its flags in behind it.
    @exclusivity(unchecked) private var uncheckedPlace = ArmedTimeout.nowhere

    init(touched: Int64, clock: TurnClock) {
        unsafe uncheckedTouched = touched
        unsafe self.clock = .passUnretained(clock)
    }

    /// When there was activity last.
    final var touched: Int64 {
        get { unsafe uncheckedTouched }
        set { unsafe uncheckedTouched = newValue }
    }

    /// The time of the turn.
    @inline(__always)
    final var turnTime: Int64 { unsafe clock._withUnsafeGuaranteedRef { $0.time } }

    /// The slot that it waits in, by number, or one of the above.
    final var place: Int32 {
        get { unsafe uncheckedPlace }
        set { unsafe uncheckedPlace = newValue }
    }

    /// The neighbours in its slot's ring.
    final var next: Unmanaged<ArmedTimeout>? {
        get { unsafe uncheckedNext }
        set { unsafe uncheckedNext = newValue }
    }

    final var previous: Unmanaged<ArmedTimeout>? {
        get { unsafe uncheckedPrevious }
        set { unsafe uncheckedPrevious = newValue }
    }

    /// Whether it is still to come.
    public final var isActive: Bool { place != ArmedTimeout.nowhere }

    /// Says that there was activity: the time begins anew.
    ///
    /// It costs a store, whatever number of timeouts there is: nothing is moved. The time is that of the reactor's
    /// turn, which is read once.
    ///
    /// - Returns: false where it has been called or was cancelled, and nothing happened.
    @discardableResult
    public final func rearm() -> Bool {
        guard isActive else { return false }
        touched = turnTime
        return true
    }

    /// Calls it off: it is never called.
    ///
    /// - Returns: false where it has been called or was cancelled before, and nothing happened.
    @discardableResult
    public func cancel() -> Bool { false }

    /// The earliest time at which it may be due, by what is known now.
    ///
    /// What changes that to an earlier time has to put it into the wheels anew.
    func nextLook(at now: Int64) -> Int64 { .max }

    /// It is due; it is in no wheel any more.
    func expire() {}

    /// The wheels are gone: lets go of what it holds.
    func forget() {}
}

@available(*, unavailable)
extension ArmedTimeout: Sendable {}
