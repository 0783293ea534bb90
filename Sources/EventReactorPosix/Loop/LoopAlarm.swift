import CEventReactorShims
package import EventReactorCore
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
    /// What ignoring SIGPIPE is ended with, while it is ignored.
    private var brokenPipes: Int32?
    /// The signals that another thread sees to; bit n - 1 stands for signal n.
    private var onlyTaken: UInt64 = 0

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
    /// - Returns: whether it may sleep at all, since the instant is still to come and the timer is set for it.
    package func isSet(for instant: ReactorInstant?) -> Bool {
        guard let instant else { return true }
        // A timer that is armed for earlier costs a turn without work; arming it anew would cost a call each time.
        if let armed, armed <= instant { return true }
        guard instant.nanoseconds != .min, instant > LoopAlarm.now else { return false }
        // A loop that slept without its timer would sleep for ever. It goes round, and asks again.
        guard er_timerfd_arm(timerDescriptor, instant.nanoseconds) == 0 else { return false }
        armed = instant
        return true
    }

    package func timerFired() {
        armed = nil
    }

    /// Hands the reactor what it was woken for.
    package func woken(_ reactor: ReactorBase) {
        if signalPlace >= 0 {
            var came = er_signals_take(signalPlace) & ~onlyTaken
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
    /// SIGPIPE does nothing meanwhile: not every writer can ask for `MSG_NOSIGNAL`.
    ///
    /// - Parameters:
    ///   - signals: the signals that the reactor is given.
    ///   - deadly: the signals of which a second one ends the process if the loop is stuck.
    ///   - onlyTaken: signals that are as `deadly`, but given to another thread: the loop shows that it is not stuck.
    package func beginSignals(
        _ signals: [Int32], deadly: [Int32], onlyTaken: [Int32] = []
    ) throws(SystemError) {
        brokenPipes = er_sigpipe_ignore_begin()
        self.onlyTaken = 0
        guard !signals.isEmpty || !deadly.isEmpty || !onlyTaken.isEmpty else { return }
        signalPlace = er_signals_subscribe(wakeUp.processNumber)
        var code = signalPlace < 0 ? ENOMEM : 0
        for signal in signals where code == 0 { code = er_signals_add(signalPlace, signal, 0) }
        for signal in deadly where code == 0 { code = er_signals_add(signalPlace, signal, 1) }
        for signal in onlyTaken where code == 0 {
            code = er_signals_add(signalPlace, signal, 1)
            if code == 0 { self.onlyTaken |= 1 << UInt64(signal - 1) }
        }
        if code != 0 {
            endSignals()
            throw SystemError(code: code, operation: "sigaction", address: nil)
        }
    }

    package func endSignals() {
        if signalPlace >= 0 { er_signals_unsubscribe(signalPlace) }
        signalPlace = -1
        if let begun = brokenPipes { er_sigpipe_ignore_end(begun) }
        brokenPipes = nil
    }
}
