import CLibevent

/// The bufferevent of a connection, and the event registered for a reset while reading is paused.
@safe
final class BuffereventHandle {
    let buffered: OpaquePointer
    /// Made when reading is first paused.
    private var resetEvent: OpaquePointer?

    init(_ buffered: OpaquePointer) {
        unsafe self.buffered = unsafe buffered
    }

    /// Registers interest in a reset: 0, or the errno with which the kernel refused.
    func watchForReset(
        _ base: OpaquePointer?, _ descriptor: Int32, _ events: Int32, _ context: UnsafeMutableRawPointer
    ) -> Int32 {
        if let event = unsafe resetEvent, unsafe event_pending(event, Int16(EV_READ), nil) != 0 { return 0 }
        if unsafe resetEvent == nil {
            unsafe resetEvent = event_new(base, descriptor, Int16(events), LibeventStreamEngine.resetCallback, context)
        }
        return unsafe LibeventStreamEngine.codeOfAdding(resetEvent)
    }

    func stopWatchingForReset() {
        if let event = unsafe resetEvent { unsafe event_del(event) }
    }

    /// Frees both; nothing is called back any more.
    func free() {
        if let event = unsafe resetEvent { unsafe event_free(event) }
        unsafe resetEvent = nil
        // Freed inside its own callback it would keep its events until that has returned, and so past the close: the
        // next socket with the descriptor's number would be taken for one that is registered already.
        unsafe bufferevent_setfd(buffered, -1)
        unsafe bufferevent_free(buffered)
    }
}
