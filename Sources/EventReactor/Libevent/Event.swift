import CEventReactorShims
import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

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
