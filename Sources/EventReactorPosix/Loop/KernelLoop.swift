package import EventReactorCore

/// The parts of a loop that every engine over the kernel has: wake-ups, the timer, and a descriptor in reserve.
package final class KernelLoop {
    package let alarm: LoopAlarm
    package let reserve = ReserveDescriptor()
    /// The reactor that the engine serves.
    ///
    /// Unowned: it owns the engine, and so this.
    package fileprivate(set) unowned(unsafe) var reactor: ReactorBase!
    fileprivate var registrations: [AnyObject] = []

    /// - Parameter wakeUp: created before, if the reactor's thread has a descriptor table of its own.
    package init(wakeUp: WakeDescriptor? = nil) throws(ReactorError) {
        alarm = try LoopAlarm(wakeUp: wakeUp)
    }

    deinit {
        shut()
    }

    /// Arms the timer for an instant; returns whether the loop may sleep until then.
    package func armTimer(for instant: ReactorInstant?) -> Bool { alarm.armTimer(for: instant) }

    /// Closes the descriptors; the poller has to be open still, since they are registered there.
    package func shut() {
        registrations = []
        alarm.shut()
        reserve.shut()
    }
}

extension KernelEngine {
    /// Connects the engine to its reactor, before the first turn.
    package func serve(_ reactor: ReactorBase) throws(ReactorError) {
        unsafe loop.reactor = reactor
        do throws(SystemError) {
            loop.registrations = [
                try watch(loop.alarm.wakeDescriptor, toWrite: false) { [unowned loop = self.loop] in
                    unsafe loop.alarm.woken(loop.reactor)
                },
                try watch(loop.alarm.timerDescriptor, toWrite: false) { [unowned loop = self.loop] in
                    loop.alarm.timerFired()
                },
            ]
        } catch {
            throw .system(error)
        }
    }
}
