/// The timeouts of a reactor: any number of them, each looked at when it may be due, and not oftener.
///
/// Putting one in and taking it out cost O(1). Activity is noted in the timeout alone; when it is looked at, it says
/// until when it is to be left alone now. Of the reactor's timers it uses one, the alarm.
///
/// A turn takes no more of them than its ``TurnShare``. While some are left over, the alarm is set for now: set for when
/// they were due, it would come before every timer that is due by then, and a backlog would be taken for lateness of the
/// reactor. The alarm waits in the order of the timers; where these have a backlog, the board is looked at beside it.
@safe
package final class TimeoutBoard {
    /// How many are looked at before those found due are called, so that the clock is asked once for both.
    private static let looksAtOnce = 16
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
    /// What connections share, as long as one has it; see ``TimeoutPolicy``.
    var limits: [StreamTimeouts: Unmanaged<TimeoutPolicy>] = unsafe [:]
    /// The timeouts in the wheels.
    package private(set) var count = 0
    /// How often one was looked at, ever.
    package private(set) var lookCount = 0

    package init(timers: TimerQueue) {
        self.timers = timers
        clock = TurnClock(timers.now)
        timers.whenBehind = { [unowned self] in lookBesideBacklog() }
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
        wheel.takeFirst().map { taken($0, from: wheel) }
    }

    private func taken(_ timeout: ArmedTimeout, from wheel: TimeoutWheel) -> ArmedTimeout {
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
        timers.whenBehind = nil
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

    /// Takes one that may be due: of those that have waited longest, or of those that came last.
    private func takeDue(at now: Int64, latest: Bool) -> ArmedTimeout? {
        guard latest else {
            guard let wheel = firstWheel, wheel.look <= now else { return nil }
            return takeFirst(of: wheel)
        }
        var found: (wheel: TimeoutWheel, index: Int, look: Int64)?
        var rest = active
        while rest != 0 {
            let wheel = wheels[rest.trailingZeroBitCount]
            rest &= rest - 1
            if let wheel, let last = wheel.lastDue(at: now), last.look >= found?.look ?? .min {
                found = (wheel, last.index, last.look)
            }
        }
        guard let found else { return nil }
        return found.wheel.takeFirst(from: found.index).map { taken($0, from: found.wheel) }
    }

    private func wakeUp(by time: Int64) {
        if let alarm, alarm.deadline.nanoseconds <= time { return }
        let instant = ReactorInstant(nanoseconds: max(time, clock.time))
        guard let alarm else {
            return self.alarm = timers.add(at: instant) { [unowned self] in look() }
        }
        if instant < alarm.deadline { timers.move(alarm, to: instant) }
    }

    /// The timers have a backlog, behind which the alarm would wait.
    private func lookBesideBacklog() {
        guard let alarm, alarm.deadline.nanoseconds <= clock.exactTime else { return }
        alarm.cancel()
        look()
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
        serve(at: now)
        // What is left over is not due in the past: see above.
        if let first = firstWheel { wakeUp(by: max(first.look, clock.exactTime)) }
    }

    /// Looks at what may be due and calls what is, as much as one turn may.
    ///
    /// Those that have waited longest and those that came last take turns: a timeout that falls due behind a million
    /// others does not wait for all of these.
    private func serve(at now: Int64) {
        var share = TurnShare(from: clock.exactTime)
        var latest = false
        while findDue(at: now, latest: latest, counting: &share) {
            callDue(at: now)
            latest.toggle()
        }
        callDue(at: now)
    }

    /// - Returns: whether there may be more for this turn.
    private func findDue(at now: Int64, latest: Bool, counting share: inout TurnShare) -> Bool {
        for _ in 0..<TimeoutBoard.looksAtOnce {
            guard let timeout = takeDue(at: now, latest: latest) else { return latest }
            lookCount += 1
            let next = timeout.nextLook(at: now)
            if next <= now {
                timeout.place = ArmedTimeout.due
                due.append(timeout)
            } else if next < .max {
                insert(timeout, due: next, now: now)
            }
            if share.isUsedUp(now: { clock.exactTime }) { return false }
        }
        return true
    }

    /// Calls what was found due, unless something that was called before has cancelled it or shown a sign of life.
    private func callDue(at now: Int64) {
        var index = 0
        while index < due.count {
            let timeout = due[index]
            index += 1
            guard timeout.place == ArmedTimeout.due else { continue }
            timeout.place = ArmedTimeout.nowhere
            let next = timeout.nextLook(at: now)
            if next <= now {
                timeout.expire()
            } else if next < .max {
                insert(timeout, due: next, now: now)
            }
        }
        due.removeAll(keepingCapacity: true)
    }
}
