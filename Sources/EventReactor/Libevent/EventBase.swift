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

/// An `event` on a descriptor; the owner of both deletes it before the descriptor is closed.
@safe
struct Event: ~Copyable {
    typealias Callback = @convention(c) (Int32, Int16, UnsafeMutableRawPointer?) -> Void

    private let pointer: OpaquePointer

    /// Registers a descriptor.
    ///
    /// - Parameter context: handed to the callback; it has to outlive the event.
    /// - Throws: the system's error.
    init(
        _ base: borrowing EventBase, _ descriptor: Int32, _ what: Int32, _ callback: Callback, context: AnyObject
    ) throws(SystemError) {
        let context = unsafe Unmanaged.passUnretained(context).toOpaque()
        let made = unsafe event_new(base.pointer, descriptor, Int16(what), callback, context)
        guard let made = unsafe made else {
            throw SystemError(code: ENOMEM, operation: "event_new", address: nil)
        }
        if let error = LibeventError.of("event_add", { unsafe event_add(made, nil) }) {
            unsafe event_free(made)
            throw error
        }
        unsafe pointer = made
    }

    deinit {
        unsafe event_free(pointer)
    }
}

/// An event that calls a closure until it is released.
final class DescriptorEvent {
    private var event: Event?
    private let action: () -> Void

    init(
        _ base: borrowing EventBase, _ descriptor: Int32, toWrite: Bool, _ action: @escaping () -> Void
    ) throws(SystemError) {
        self.action = action
        event = nil
        event = try unsafe Event(
            base, descriptor, toWrite ? EV_WRITE : EV_READ | EV_PERSIST | EV_ET,
            { _, _, context in
                guard let context = unsafe context else { return }
                // Retained meanwhile: the action may release the event.
                let event = unsafe Unmanaged<DescriptorEvent>.fromOpaque(context).takeUnretainedValue()
                event.action()
            }, context: self)
    }
}
