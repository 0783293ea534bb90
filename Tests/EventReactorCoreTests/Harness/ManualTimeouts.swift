@testable import EventReactorCore

/// Timeouts on a clock that a test advances.
final class ManualTimeouts {
    var time: Int64 = 1_000_000
    private(set) lazy var queue = TimerQueue { [unowned self] in ReactorInstant(nanoseconds: time) }
    private(set) lazy var board = TimeoutQueue(timers: queue)

    deinit {
        // As a reactor does: armed timeouts would retain the board.
        board.shut()
    }

    func common(_ nanoseconds: Int64) -> CommonTimeout {
        CommonTimeout(.nanoseconds(nanoseconds), on: board)
    }

    /// A turn of a reactor.
    func turn(_ body: () -> Void = {}) {
        board.clock.turnBegins()
        body()
        queue.fireDue()
        board.clock.turnEnds()
    }

    /// Advances from one timer to the next, on time.
    func advance(to end: Int64) {
        while let next = queue.nextDeadline, next.nanoseconds <= end {
            time = max(time, next.nanoseconds)
            turn()
        }
        time = end
    }
}
