import CEventReactorShims

/// The events that epoll is asked to report of a descriptor, and those that it reports.
///
/// Errors and hang-ups are reported unasked.
struct Interest: OptionSet {
    let rawValue: UInt32

    static let input = Interest(rawValue: ER_EPOLL_IN)
    static let output = Interest(rawValue: ER_EPOLL_OUT)
    /// Each change once, in place of a state for as long as it lasts.
    static let edge = Interest(rawValue: ER_EPOLL_EDGE)
}
