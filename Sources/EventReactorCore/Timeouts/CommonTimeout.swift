/// A time without activity that many wait for: arming, re-arming and cancelling cost the same for a million as for one.
///
/// ```swift
/// let idle = reactor.commonTimeout(.seconds(60))
/// let timeout = idle.arm { session.close() }
/// // whenever the session is used:
/// timeout.rearm()
/// ```
///
/// A timer that is moved at each message (``DelayedCall/reset(to:)``) costs O(log n) each time. Here activity is only
/// noted. A timeout is looked at when its time seems to be over, and put off where it was re-armed meanwhile: about once
/// in each such time, however often it was re-armed.
///
/// Timeouts of one instant are called in no promised order. One is never called before its time is over, counted from
/// the turn in which it was last re-armed. Where the reactor was held up for more than a tenth of a second, what came
/// due meanwhile has another tenth of a second for a sign of life: what a peer sent may be waiting to be read.
public final class CommonTimeout {
    /// The time without activity.
    public let duration: Duration

    let nanoseconds: Int64
    let board: TimeoutBoard

    package init(_ duration: Duration, on board: TimeoutBoard) {
        self.duration = duration
        nanoseconds = max(1, duration.saturatedNanoseconds)
        self.board = board
    }

    /// Has a closure called once, when the time is over.
    ///
    /// - Parameter body: what to call, on the reactor's thread; it is let go when it has been called or cancelled.
    /// - Returns: a handle by which the timeout is re-armed and cancelled; the reactor keeps it until then.
    @discardableResult
    public func arm(_ body: @escaping () -> Void) -> ArmedTimeout {
        // Of a reactor that is gone nothing is to come.
        guard !board.isShut else { return ClosureTimeout(self, nil, touched: 0) }
        let now = board.clock.exactTime
        let timeout = ClosureTimeout(self, body, touched: now)
        board.insert(timeout, due: now.saturatingAdding(nanoseconds), now: now)
        return timeout
    }
}

@available(*, unavailable)
extension CommonTimeout: Sendable {}

extension ReactorBase {
    /// A time without activity that many wait for, at O(1) each.
    ///
    /// - Parameter duration: the time; nothing, or less, counts as a nanosecond.
    public final func commonTimeout(_ duration: Duration) -> CommonTimeout {
        CommonTimeout(duration, on: timeouts)
    }
}

/// A timeout that calls a closure.
final class ClosureTimeout: ArmedTimeout {
    private let common: CommonTimeout
    private var body: (() -> Void)?

    init(_ common: CommonTimeout, _ body: (() -> Void)?, touched: Int64) {
        self.common = common
        self.body = body
        super.init(touched: touched, clock: common.board.clock)
    }

    override func cancel() -> Bool {
        guard isActive else { return false }
        common.board.remove(self)
        body = nil
        return true
    }

    override func nextLook(at now: Int64) -> Int64 {
        common.board.clock.corrected(touched).saturatingAdding(common.nanoseconds)
    }

    override func expire() {
        let body = self.body
        self.body = nil
        body?()
    }

    override func forget() {
        body = nil
    }
}
