/// The time of a reactor: its clock, its timers, and its next turn.
///
/// Code that only waits names this, and runs on every reactor, on a simulated one too:
///
/// ```swift
/// func ring<R: ReactorTime>(every pause: Duration, on reactor: R, _ bell: @escaping () -> Void) {
///     reactor.callLater(pause) {
///         bell()
///         ring(every: pause, on: reactor, bell)
///     }
/// }
/// ```
public protocol ReactorTime: AnyObject {
    /// Now, on the reactor's clock.
    var now: ReactorInstant { get }

    /// Calls a closure in the next turn; several run first in, first out.
    func callSoon(_ body: @escaping () -> Void)

    /// Calls a closure once, after a delay, and returns a handle by which the call can be cancelled or moved.
    @discardableResult
    func callLater(_ delay: Duration, _ body: @escaping () -> Void) -> DelayedCall
}
