import EventReactorCore

/// The one timer of a request matcher: looks at the request that is due first, once in the time that requests have.
///
/// Requests have the same time, and so are due in the order in which they were made. A timer that was set for a request that
/// has been answered meanwhile is left: when it fires, it is set for the one that is first by then. So a request sets no
/// timer of its own, and a connection that is used without a pause sets one in each such time.
struct RequestAlarm {
    private let link: ReactorLink
    /// The time that a request has; nil for no limit.
    let timeout: Duration?
    private var timer: DelayedCall?

    init(on reactor: ReactorBase, timeout: Duration?) {
        link = ReactorLink(reactor)
        self.timeout = timeout.map { max(.zero, $0) }
    }

    /// The deadline of a request that is made now, in nanoseconds of the reactor's clock; `.max` if there is none.
    var deadline: Int64 {
        guard let timeout, let now = link.live?.now else { return .max }
        return now.advanced(by: timeout).nanoseconds
    }

    var now: Int64 { link.live?.now.nanoseconds ?? .min }

    /// Whether the timer has to be set for a deadline: it is not set, or for later.
    func isNeeded(for deadline: Int64) -> Bool {
        guard let timer else { return deadline < .max }
        return deadline < timer.deadline.nanoseconds
    }

    /// Sets the timer.
    ///
    /// - Parameters:
    ///   - deadline: of the request that is due first.
    ///   - ring: called when it is due; it must not retain the matcher, which cancels the timer in its deinit.
    mutating func set(for deadline: Int64, _ ring: @escaping () -> Void) {
        guard let reactor = link.live else { return }
        timer?.cancel()
        timer = reactor.callLater(reactor.now.duration(to: ReactorInstant(nanoseconds: deadline)), ring)
    }

    /// Forgets the timer, which has fired.
    mutating func fired() {
        timer = nil
    }

    mutating func cancel() {
        timer?.cancel()
        timer = nil
    }
}
