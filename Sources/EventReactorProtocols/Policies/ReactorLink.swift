import EventReactorCore

/// A reactor that may have been closed or released by the time it is used; it does not keep the reactor alive.
struct ReactorLink {
    private unowned let reactor: ReactorBase
    /// Shut by the reactor before it goes, in its deinit too.
    private let timeouts: TimeoutQueue

    init(_ reactor: ReactorBase) {
        self.reactor = reactor
        timeouts = reactor.timeouts
    }

    /// The reactor; nil if it is closed or released.
    var live: ReactorBase? {
        guard !timeouts.isShut, !reactor.isClosed else { return nil }
        return reactor
    }
}
