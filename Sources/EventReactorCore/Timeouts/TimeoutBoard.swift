/// The timeouts of a reactor: any number of them, each looked at when it may be due, and not oftener.
///
/// Putting one in and taking it out cost O(1). Activity is noted in the timeout alone; when it is looked at, it says
/// until when it is to be left alone now. Of the reactor's timers it uses one.
@safe
package final class TimeoutBoard {
    /// How many are looked at in one turn: the rest waits for the next, so that a million starve nobody.
    private static let looksPerTurn = 4096
    /// How late the reactor may be before it doubts that the silence is the peers'.
    private static let lateness: Int64 = 100_000_000

    package let clock: TurnClock
    private let timers: TimerQueue
    private var wheels = ContiguousArray<TimeoutWheel?>(repeating: nil, count: 64)
    /// The wheels that hold something, by their shift.
    private var active: UInt64 = 0
    private var due: [ArmedTimeout] = []
    private var alarm: DelayedCall?
    private var hasWaited = false
    private(set) var isShut = false
    /// What connections share, as long as one has it; see ``StreamLimits``.
    var limits: [StreamTimeouts: Unmanaged<StreamLimits>] = unsafe [:]
    /// The timeouts in the wheels.
    package private(set) var count = 0
    /// How often one was looked at, ever.
    package private(set) var lookCount = 0

    package init(timers: TimerQueue) {
        self.timers = timers
        clock = TurnClock(timers.now)
    }

    /// Puts a timeout in that is in no wheel.
    func insert(_ timeout: ArmedTimeout, due: Int64, now: Int64) {
        let shift = TimeoutWheel.shift(for: due.subtractingReportingOverflow(now).partialValue)
        let wheel = wheels[shift] ?? makeWheel(shift)
        timeout.place = Int32(shift << 6) | wheel.insert(timeout, due: due, now: now)
        active |= 1 << UInt64(shift)
        count += 1
        wakeUp(by: due)
    }

    private func makeWheel(_ shift: Int) -> TimeoutWheel {
        let wheel = TimeoutWheel(shift: shift)
        wheels[shift] = wheel
        return wheel
    }

    /// Takes a timeout out.
    func remove(_ timeout: ArmedTimeout) {
        let place = timeout.place
        timeout.place = ArmedTimeout.nowhere
        guard place >= 0, let wheel = wheels[Int(place >> 6)] else { return }
        wheel.remove(timeout, from: Int(place & 63))
        removed(from: wheel)
        // Nothing is waited for where nothing is left: a reactor that has no other timer sleeps.
        if count == 0 { cancelAlarm() }
    }

    private func removed(from wheel: TimeoutWheel) {
        count -= 1
        if wheel.isEmpty { active &= ~(1 << UInt64(wheel.shift)) }
    }

    private func cancelAlarm() {
        alarm?.cancel()
        alarm = nil
        hasWaited = false
    }

    private func takeFirst(of wheel: TimeoutWheel) -> ArmedTimeout? {
        guard let timeout = wheel.takeFirst() else { return nil }
        timeout.place = ArmedTimeout.nowhere
        removed(from: wheel)
        return timeout
    }

    /// Lets go of all of them.
    package func removeAll() {
        cancelAlarm()
        while let wheel = firstWheel, let timeout = takeFirst(of: wheel) { timeout.forget() }
    }

    /// The reactor is gone: whoever still has a handle finds that it does nothing.
    package func shut() {
        isShut = true
        removeAll()
    }

    // MARK: Looking

    /// The wheel with the slot that is to be looked at first.
    private var firstWheel: TimeoutWheel? {
        var first: TimeoutWheel?
        var rest = active
        while rest != 0 {
            let wheel = wheels[rest.trailingZeroBitCount]
            rest &= rest - 1
            if let wheel, wheel.look < first?.look ?? .max || first == nil { first = wheel }
        }
        return first
    }

    private func wakeUp(by time: Int64) {
        let instant = ReactorInstant(nanoseconds: time)
        if let alarm {
            if instant < alarm.deadline { timers.move(alarm, to: instant) }
        } else {
            alarm = timers.add(at: instant) { [unowned self] in look() }
        }
    }

    private func look() {
        let now = clock.time
        let late = alarm.map { now - $0.deadline.nanoseconds } ?? 0
        alarm = nil
        if late > TimeoutBoard.lateness && !hasWaited {
            hasWaited = true
            return wakeUp(by: now + TimeoutBoard.lateness)
        }
        hasWaited = false
        findDue(at: now)
        callDue(at: now)
        if let first = firstWheel { wakeUp(by: first.look) }
    }

    private func findDue(at now: Int64) {
        for _ in 0..<TimeoutBoard.looksPerTurn {
            guard let wheel = firstWheel, wheel.look <= now, let timeout = takeFirst(of: wheel) else { return }
            lookCount += 1
            let next = timeout.nextLook(at: now)
            if next <= now {
                timeout.place = ArmedTimeout.due
                due.append(timeout)
            } else if next < .max {
                insert(timeout, due: next, now: now)
            }
        }
    }

    /// Calls what was found due, unless something that was called before has cancelled it or shown a sign of life.
    private func callDue(at now: Int64) {
        guard !due.isEmpty else { return }
        var found: [ArmedTimeout] = []
        swap(&due, &found)
        for timeout in found where timeout.place == ArmedTimeout.due {
            timeout.place = ArmedTimeout.nowhere
            let next = timeout.nextLook(at: now)
            if next <= now {
                timeout.expire()
            } else if next < .max {
                insert(timeout, due: next, now: now)
            }
        }
    }
}
