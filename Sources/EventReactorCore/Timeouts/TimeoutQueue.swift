/// The timeouts of a reactor: any number of them, each looked at when it may be due, and not oftener.
///
/// Activity is noted in the timeout alone; when looked at, it says when to look again. Of the reactor's timers the queue
/// has one, the alarm.
///
/// A turn looks at no more of them than its ``TurnShare``. If some are left, the alarm is set for now: set for when
/// they were due, it would come before every timer that is due by then, and a backlog would be taken for lateness of the
/// reactor. The alarm waits in the order of the timers; if these have a backlog, the queue is served beside it.
@safe
package final class TimeoutQueue {
    /// The lateness of the reactor from which on silence is not the peers' fault.
    private static let lateness: Int64 = 100_000_000

    let clock: TurnClock
    private let timers: TimerQueue
    private var wheel = TimingWheel()
    private var alarm: DelayedCall?
    /// A late reactor has listened for another while, and now serves.
    private var hasWaited = false
    /// Whether the reactor is closed or gone.
    package private(set) var isShut = false
    /// The lists of policies, by the hash of their timeouts: of the dictionary type of `ObjectTable`, which saves 5 KB.
    var policies: [UInt64: AnyObject] = [:]
    /// The different policies that connections have.
    var policyCount = 0
    /// The timeouts that are armed.
    var count: Int { wheel.count }
    /// The looks so far.
    private(set) var lookCount = 0

    init(timers: TimerQueue) {
        self.timers = timers
        clock = TurnClock(timers.now)
        timers.whenBehind = { [unowned self] in serveBesideBacklog() }
    }

    /// Inserts a timeout that is not armed.
    func insert(_ timeout: ArmedTimeout, due: Int64, now: Int64) {
        wheel.insert(timeout, due: due, now: now)
        setAlarm(by: due)
    }

    /// Removes a timeout, if it is armed.
    func remove(_ timeout: ArmedTimeout) {
        guard timeout.isActive else { return }
        wheel.remove(timeout)
        // A reactor that has no other timer sleeps.
        if count == 0 { cancelAlarm() }
    }

    /// Removes and releases all of them.
    func removeAll() {
        cancelAlarm()
        while let slot = wheel.slot(until: .max)?.slot, let timeout = wheel.popDue(from: slot, at: .max) {
            timeout.forget()
        }
    }

    /// Removes all of them for good: the reactor is gone, and handles that are left do nothing.
    func shut() {
        isShut = true
        timers.whenBehind = nil
        removeAll()
    }

    // MARK: The alarm

    private func setAlarm(by time: Int64) {
        if let alarm, alarm.deadline.nanoseconds <= time { return }
        let instant = ReactorInstant(nanoseconds: max(time, clock.time))
        guard let alarm else {
            return self.alarm = timers.add(at: instant) { [unowned self] in ring() }
        }
        if instant < alarm.deadline { timers.move(alarm, to: instant) }
    }

    private func cancelAlarm() {
        alarm?.cancel()
        alarm = nil
        hasWaited = false
    }

    /// The timers have a backlog, behind which the alarm would wait.
    private func serveBesideBacklog() {
        guard let alarm, alarm.deadline.nanoseconds <= clock.exactTime else { return }
        alarm.cancel()
        ring()
    }

    private func ring() {
        let now = clock.time
        let late = alarm.map { now - $0.deadline.nanoseconds } ?? 0
        alarm = nil
        hasWaited = late > TimeoutQueue.lateness && !hasWaited
        if hasWaited { return setAlarm(by: now + TimeoutQueue.lateness) }
        serve(at: now)
        if let first = wheel.slot(until: .max) { setAlarm(by: max(first.look, clock.exactTime)) }
    }

    /// Looks at those that may be due and calls those that are, as many as one turn may.
    ///
    /// Those that have waited longest and those that came due last take turns, so that one that falls due behind a million
    /// others does not wait for all of these.
    private func serve(at now: Int64) {
        var share = TurnShare(from: clock.exactTime)
        var latest = false
        while let slot = wheel.slot(until: now, latest: latest)?.slot {
            for _ in 0..<TurnShare.stride {
                guard let timeout = wheel.popDue(from: slot, at: now) else { break }
                look(at: timeout, now)
                if share.isUsedUp(now: { clock.exactTime }) { return }
            }
            latest.toggle()
        }
    }

    private func look(at timeout: ArmedTimeout, _ now: Int64) {
        lookCount += 1
        let next = timeout.nextLook(at: now)
        if next <= now {
            timeout.expire()
        } else if next < .max {
            insert(timeout, due: next, now: now)
        }
    }
}
