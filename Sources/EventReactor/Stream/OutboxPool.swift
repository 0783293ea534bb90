import CLibevent
import EventReactorCore

/// The bufferevents that hold what the kernel did not take, a few of them kept for the next connection.
@safe
final class OutboxPool {
    typealias WriteCallback = @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void
    typealias EventCallback = @convention(c) (OpaquePointer?, Int16, UnsafeMutableRawPointer?) -> Void

    /// The most bytes that one call to the kernel sends; libevent's own bound of 16 KiB costs four times the calls.
    static let bytesPerCall = 1024 * 1024

    /// How many are kept, at about a kilobyte each.
    private static let most = 32

    private var free: [OpaquePointer] = unsafe []

    /// Frees those kept; the base is still there.
    func empty() {
        unsafe free.forEach { unsafe bufferevent_free($0) }
        unsafe free = []
    }

    /// A bufferevent on the connection's descriptor, which it never closes; nil where there is no memory.
    func take(
        base: OpaquePointer?, connection: StreamConnection, written: WriteCallback, failed: EventCallback
    ) -> OpaquePointer? {
        var outbox = unsafe free.popLast()
        if let kept = unsafe outbox {
            unsafe bufferevent_setfd(kept, connection.descriptor)
        } else {
            unsafe outbox = bufferevent_socket_new(base, connection.descriptor, 0)
            if let made = unsafe outbox { unsafe bufferevent_set_max_single_write(made, OutboxPool.bytesPerCall) }
        }
        guard let outbox = unsafe outbox else { return nil }
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        unsafe bufferevent_setcb(outbox, nil, written, failed, context)
        unsafe bufferevent_setwatermark(outbox, Int16(EV_WRITE), connection.settings.lowMark, 0)
        return unsafe outbox
    }

    /// Takes one back.
    ///
    /// Its events are deleted before this returns, so that the descriptor can be closed.
    func give(_ outbox: OpaquePointer) {
        unsafe bufferevent_setcb(outbox, nil, nil, nil, nil)
        // Inside its own callback freeing it would delete its events only afterwards.
        unsafe bufferevent_setfd(outbox, -1)
        if unsafe free.count < OutboxPool.most && evbuffer_get_length(bufferevent_get_output(outbox)) == 0 {
            unsafe free.append(outbox)
        } else {
            unsafe bufferevent_free(outbox)
        }
    }
}
