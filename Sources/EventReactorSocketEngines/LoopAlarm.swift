import CEventReactorShims
package import EventReactorCore
package import EventReactorSockets
import Glibc

/// What wakes a loop that sleeps in the kernel: other threads, signals and the nearest timer.
///
/// The loop watches both descriptors edge-triggered: each wake-up is an edge, so their counters need never be read.
package final class LoopAlarm {
    private let wakeUp: WakeDescriptor
    /// Readable when the loop is to call `woken(_:)`.
    package var wakeDescriptor: Int32 { wakeUp.number }
    /// Readable when the loop is to call `timerFired()`.
    package let timerDescriptor: Int32
    /// When the timer's descriptor fires; nil where it has fired or was never armed.
    private var armed: ReactorInstant?
    private var signalPlace: Int32 = -1
    private var ignoresBrokenPipes = false

    /// - Parameter wakeUp: made before, where the reactor's thread has a descriptor table of its own.
    package init(wakeUp: WakeDescriptor? = nil) throws(ReactorError) {
        do throws(SystemError) {
            self.wakeUp = if let wakeUp { wakeUp } else { try WakeDescriptor() }
        } catch {
            throw .system(error)
        }
        timerDescriptor = er_timerfd()
        guard timerDescriptor >= 0 else {
            throw .system(SystemError(code: errno, operation: "timerfd", address: nil))
        }
    }

    deinit {
        endSignals()
        if timerDescriptor >= 0 { _ = close(timerDescriptor) }
    }

    package static var now: ReactorInstant { ReactorInstant(nanoseconds: er_monotonic_now()) }

    /// Wakes the loop from any thread, as long as the alarm lives.
    package var wake: @Sendable () -> Void {
        { [wakeUp] in wakeUp.wake() }
    }

    /// Sees to it that the loop wakes by an instant, nil for never.
    ///
    /// - Returns: whether it may sleep at all, since the instant is still to come.
    package func isSet(for instant: ReactorInstant?) -> Bool {
        guard let instant else { return true }
        // A timer that is armed for earlier costs a turn without work; arming it anew would cost a call each time.
        if let armed, armed <= instant { return true }
        guard instant.nanoseconds != .min, instant > LoopAlarm.now else { return false }
        er_timerfd_arm(timerDescriptor, instant.nanoseconds)
        armed = instant
        return true
    }

    package func timerFired() {
        armed = nil
    }

    /// Hands the reactor what it was woken for.
    package func woken(_ reactor: ReactorBase) {
        if signalPlace >= 0 {
            var came = er_signals_take(signalPlace)
            while came != 0 {
                let number = came.trailingZeroBitCount + 1
                came &= came - 1
                reactor.signalled(Int32(number))
            }
        }
        reactor.woken()
    }

    // MARK: Signals

    /// Has signals wake the loop.
    ///
    /// SIGPIPE is ignored meanwhile: not every writer can ask for `MSG_NOSIGNAL`.
    package func beginSignals(_ signals: [Int32]) throws(SystemError) {
        er_sigpipe_ignore_begin()
        ignoresBrokenPipes = true
        guard !signals.isEmpty else { return }
        signalPlace = er_signals_subscribe(wakeUp.processNumber)
        var code = signalPlace < 0 ? ENOSPC : 0
        for signal in signals where code == 0 { code = er_signals_add(signalPlace, signal) }
        if code != 0 {
            endSignals()
            throw SystemError(code: code, operation: "sigaction", address: nil)
        }
    }

    package func endSignals() {
        if signalPlace >= 0 { er_signals_unsubscribe(signalPlace) }
        signalPlace = -1
        if ignoresBrokenPipes { er_sigpipe_ignore_end() }
        ignoresBrokenPipes = false
    }
}
