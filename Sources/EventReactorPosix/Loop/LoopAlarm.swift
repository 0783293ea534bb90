import CEventReactorShims
package import EventReactorCore
import Glibc

/// The wake-ups of a loop that sleeps in the kernel: by other threads, signals and the nearest timer.
///
/// Both descriptors are registered edge-triggered: each wake-up is an edge, so their counters are never read.
package final class LoopAlarm {
    /// `nil` after `shut`.
    private var wakeUp: WakeDescriptor?
    /// Readable when the loop has to call `woken(_:)`.
    let wakeDescriptor: Int32
    /// Readable when the loop has to call `timerFired()`; negative after `shut`.
    private(set) var timerDescriptor: Int32
    /// The instant at which the timer's descriptor fires; `nil` if it has fired or was never armed.
    private var armed: ReactorInstant?
    private var subscription: Int32 = -1
    /// The token that ends ignoring SIGPIPE; `nil` while it is not ignored.
    private var brokenPipes: Int32?
    /// The signals that another thread handles; bit n - 1 is signal n.
    private var foreign: UInt64 = 0

    /// - Parameter wakeUp: created before, if the reactor's thread has a descriptor table of its own.
    package init(wakeUp: WakeDescriptor? = nil) throws(ReactorError) {
        do throws(SystemError) {
            let wakeUp = if let wakeUp { wakeUp } else { try WakeDescriptor() }
            wakeDescriptor = wakeUp.descriptor
            self.wakeUp = wakeUp
        } catch {
            throw .system(error)
        }
        timerDescriptor = er_timerfd()
        guard timerDescriptor >= 0 else {
            throw .system(SystemError(code: errno, operation: "timerfd", address: nil))
        }
    }

    deinit {
        shut()
    }

    /// Closes the descriptors; the wake-up's as soon as no other thread needs it.
    package func shut() {
        endSignals()
        wakeUp = nil
        if timerDescriptor >= 0 { _ = close(timerDescriptor) }
        timerDescriptor = -1
    }

    package static var now: ReactorInstant { ReactorInstant(nanoseconds: er_monotonic_now()) }

    /// Wakes the loop from any thread, as long as the alarm lives.
    package var wake: @Sendable () -> Void {
        { [wakeUp] in wakeUp?.wake() }
    }

    /// Arms the timer, so that the loop wakes by an instant.
    ///
    /// - Parameter instant: `nil` for no instant.
    /// - Returns: whether the loop may sleep: the instant is in the future and the timer is armed for it.
    package func armTimer(for instant: ReactorInstant?) -> Bool {
        guard let instant else { return true }
        // A timer that is armed for earlier costs a turn without work; arming it again would cost a system call each time.
        if let armed, armed <= instant { return true }
        guard instant.nanoseconds != .min, instant > LoopAlarm.now else { return false }
        // Without its timer the loop would sleep for ever. It takes another turn, and tries again.
        guard er_timerfd_arm(timerDescriptor, instant.nanoseconds) == 0 else { return false }
        armed = instant
        return true
    }

    func timerFired() {
        armed = nil
    }

    /// Delivers signals and calls from other threads to the reactor.
    package func woken(_ reactor: ReactorBase) {
        if subscription >= 0 {
            var came = er_signals_take(subscription) & ~foreign
            while came != 0 {
                reactor.signalled(Int32(came.trailingZeroBitCount + 1))
                came &= came - 1
            }
        }
        reactor.woken()
    }

    // MARK: Signals

    /// Subscribes to signals, which wake the loop.
    ///
    /// SIGPIPE is ignored meanwhile: not every way to send has a flag like `MSG_NOSIGNAL`.
    ///
    /// - Parameters:
    ///   - signals: the signals that the reactor receives.
    ///   - deadly: the signals of which a second one ends the process if the loop is stuck.
    ///   - foreign: as `deadly`, but another thread handles them: the loop only shows that it is not stuck.
    package func beginSignals(
        _ signals: [Int32], deadly: [Int32], foreign others: [Int32] = []
    ) throws(SystemError) {
        brokenPipes = er_sigpipe_ignore_begin()
        foreign = 0
        guard !signals.isEmpty || !deadly.isEmpty || !others.isEmpty else { return }
        subscription = wakeUp.map { er_signals_subscribe($0.processDescriptor) } ?? -1
        var code = subscription < 0 ? ENOMEM : 0
        for signal in signals where code == 0 { code = er_signals_add(subscription, signal, 0) }
        for signal in deadly where code == 0 { code = er_signals_add(subscription, signal, 1) }
        for signal in others where code == 0 {
            code = er_signals_add(subscription, signal, 1)
            if code == 0 { foreign |= 1 << UInt64(signal - 1) }
        }
        if code != 0 {
            endSignals()
            throw SystemError(code: code, operation: "sigaction", address: nil)
        }
    }

    package func endSignals() {
        if subscription >= 0 { er_signals_unsubscribe(subscription) }
        subscription = -1
        if let begun = brokenPipes { er_sigpipe_ignore_end(begun) }
        brokenPipes = nil
    }
}
