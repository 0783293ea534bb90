import CEventReactorShims
import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// An `event_base` without locks: one thread owns it, and nothing else ever calls into it.
@safe
struct EventBase: ~Copyable {
    /// `nil` after `free`.
    private(set) var pointer: OpaquePointer?

    init() throws(ReactorError) {
        LibeventLog.install()
        guard let configuration = unsafe event_config_new() else { throw EventBase.error("event_config_new") }
        defer { unsafe event_config_free(configuration) }
        // A program's behaviour shall not depend on variables of its environment.
        let flags = EVENT_BASE_FLAG_NOLOCK.rawValue | EVENT_BASE_FLAG_IGNORE_ENV.rawValue
        unsafe event_config_set_flag(configuration, Int32(flags))
        // Short of a descriptor it would fall back on these, whose cost grows with the connections.
        for method in ["poll", "select"] { unsafe event_config_avoid_method(configuration, method) }
        guard EventBase.canOpenDescriptors() else { throw EventBase.error("event_base_new") }
        guard let base = unsafe event_base_new_with_config(configuration) else {
            throw EventBase.error("event_base_new")
        }
        unsafe pointer = base
    }

    deinit {
        if let pointer = unsafe pointer { unsafe event_base_free(pointer) }
    }

    /// Frees the base with its descriptors; no event of it is left.
    mutating func free() {
        guard let last = unsafe pointer else { return }
        unsafe pointer = nil
        unsafe event_base_free(last)
    }

    /// Handles one batch of events.
    ///
    /// - Parameter waits: whether to sleep until there is one.
    func loopOnce(waits: Bool) {
        unsafe event_base_loop(pointer, waits ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK)
    }

    /// Runs libevent's deferred callbacks, if nothing else is left in the base.
    ///
    /// A bufferevent that was freed while a deferred callback of its own waited is released by that callback alone:
    /// `event_base_free` drops the callback, and the bufferevent would be lost with all its bytes.
    func finish() {
        while unsafe pointer != nil {
            // Active events count as added, too.
            let waiting = unsafe event_base_get_num_events(pointer, UInt32(EVENT_BASE_COUNT_ACTIVE))
            let added = unsafe event_base_get_num_events(pointer, UInt32(EVENT_BASE_COUNT_ADDED))
            guard waiting > 0 && waiting == added else { return }
            loopOnce(waits: false)
        }
    }

    /// Whether the descriptors of a base can be opened: without its pipe libevent ends the process.
    private static func canOpenDescriptors() -> Bool {
        let opened = (0..<3).map { _ in er_eventfd() }
        let code = errno
        for descriptor in opened where descriptor >= 0 { _ = close(descriptor) }
        errno = code
        return opened.allSatisfy { $0 >= 0 }
    }

    private static func error(_ operation: String) -> ReactorError {
        .system(SystemError(code: errno == 0 ? ENOMEM : errno, operation: operation, address: nil))
    }
}
