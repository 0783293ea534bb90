public import EventReactorCore

/// Calls a closure at regular times: on the grid `start + n * interval`, from which it never drifts.
///
/// ```swift
/// let statistics = RepeatingCall(on: reactor, every: .seconds(10)) { skipped in
///     print("still here;", skipped, "times were missed")
/// }
/// statistics.start()
/// ```
///
/// If the closure or the reactor takes longer than an interval, the missed times are skipped and counted, and never made
/// up for by a burst of calls.
///
/// It belongs to the reactor's thread. The reactor retains it while it runs, and it does not retain the reactor. Like every
/// timer it waits while the reactor does not run, and goes on with the next run.
public final class RepeatingCall {
    private let body: (Int) throws -> Void
    private let onError: (any Error) -> Void
    private let link: ReactorLink
    private var nanoseconds: Int64
    private var gridStart: Int64 = 0
    /// The index on the grid of the last call, or of the last time that did not count as missed.
    private var lastIndex: Int64 = 0
    private var timer: DelayedCall?
    /// Counts starts and changes of the grid, so that a call notices what its closure did.
    private var gridNumber: UInt64 = 0

    /// Creates a repeating call of a closure that does not throw; it does nothing until it is started.
    ///
    /// - Parameters:
    ///   - reactor: the reactor, which is not retained.
    ///   - interval: the time between calls; with zero or less there is a call in every turn, and none is skipped.
    ///   - body: called with the number of times that were skipped since the last call. It is retained as long as this
    ///     object, and may stop it.
    public convenience init(on reactor: ReactorBase, every interval: Duration, _ body: @escaping (Int) -> Void) {
        self.init(on: reactor, every: interval, body) { _ in }
    }

    /// Creates a repeating call of a closure that may throw, which stops it; it does nothing until it is started.
    ///
    /// - Parameters:
    ///   - reactor: the reactor, which is not retained.
    ///   - interval: the time between calls; with zero or less there is a call in every turn, and none is skipped.
    ///   - body: called with the number of times that were skipped since the last call. It is retained as long as this
    ///     object, and may stop it.
    ///   - onError: called with the error that was thrown, when the call has been stopped; it may start it again.
    public init(
        on reactor: ReactorBase, every interval: Duration, _ body: @escaping (Int) throws -> Void,
        onError: @escaping (any Error) -> Void
    ) {
        self.body = body
        self.onError = onError
        link = ReactorLink(reactor)
        nanoseconds = max(0, interval.saturatedNanoseconds)
    }

    /// Whether it is started; false once its reactor is closed or released.
    public var isRunning: Bool { timer != nil && link.live != nil }

    /// The time between calls, at least zero.
    ///
    /// A change while it runs begins another grid: the next call comes one new interval from now.
    public var interval: Duration {
        get { .nanoseconds(nanoseconds) }
        set {
            nanoseconds = max(0, newValue.saturatedNanoseconds)
            guard isRunning else { return }
            beginGrid(immediately: false)
        }
    }

    /// Starts the calls, on a grid that begins now; does nothing if it runs.
    ///
    /// - Parameter immediately: whether the first call comes now, in the next turn, as by default, or after one interval.
    public func start(immediately: Bool = true) {
        guard !isRunning else { return }
        beginGrid(immediately: immediately)
    }

    /// Stops the calls, in the closure too: there is none after this.
    ///
    /// It can be started again.
    public func stop() {
        gridNumber &+= 1
        timer?.cancel()
        timer = nil
    }

    // MARK: Inside

    private func beginGrid(immediately: Bool) {
        stop()
        guard let reactor = link.live else { return }
        gridStart = reactor.now.nanoseconds
        lastIndex = immediately ? -1 : 0
        schedule(on: reactor, after: lastIndex)
    }

    /// Schedules the next time of the grid after an index.
    private func schedule(on reactor: ReactorBase, after index: Int64) {
        let (offset, overflow) = nanoseconds.multipliedReportingOverflow(by: index + 1)
        let time = overflow ? .max : gridStart.saturatingAdding(offset)
        let delay = reactor.now.duration(to: ReactorInstant(nanoseconds: time))
        // Set by the closure's end, so a late one is in the next turn: never a burst.
        timer = reactor.callLater(delay) { [self] in fire(after: index) }
    }

    /// The index of the latest time of the grid that is not after now.
    private func gridIndex(at now: ReactorInstant) -> Int64 {
        nanoseconds == 0 ? 0 : max(0, now.nanoseconds - gridStart) / nanoseconds
    }

    private func fire(after scheduled: Int64) {
        guard let reactor = link.live else { return }
        let index = nanoseconds == 0 ? scheduled + 1 : max(scheduled + 1, gridIndex(at: reactor.now))
        let skipped = Int(clamping: index - lastIndex - 1)
        lastIndex = index
        let grid = gridNumber
        do {
            try body(skipped)
        } catch {
            stop()
            return onError(error)
        }
        // The closure may have stopped it or changed its grid, or closed the reactor.
        guard grid == gridNumber, let reactor = link.live else { return }
        schedule(on: reactor, after: nanoseconds == 0 ? index : max(index, gridIndex(at: reactor.now)))
    }
}

@available(*, unavailable)
extension RepeatingCall: Sendable {}
