import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// Streams that are bufferevents from the first byte to the last: libevent's own buffering, and its rate limits.
///
/// `outbox` is the bufferevent. `handle` is the edge-triggered event of the watch, there only once reading was paused.
@safe
final class BuffereventStreamEngine: LibeventStreamEngine, SocketStreamEngine {
    /// The limits that each connection of the listener or connector is under; libevent borrows it.
    private let limits: OpaquePointer?
    /// The connection whose callback has bytes of its buffer at the moment, and how many.
    private var delivering: StreamConnection?
    private var deliveredByteCount = 0

    init(engine: LibeventEngine, rateLimit: RateLimit?) {
        unsafe limits = rateLimit.flatMap { unsafe $0.makeTokenBuckets() }
        super.init(engine: engine)
    }

    deinit {
        if let limits = unsafe limits { unsafe ev_token_bucket_cfg_free(limits) }
    }

    func open(_ connection: StreamConnection) throws(SystemError) {
        guard let buffered = unsafe bufferevent_socket_new(base, connection.descriptor, 0) else {
            throw SystemError(code: ENOMEM, operation: "bufferevent_socket_new", address: connection.peerAddress)
        }
        unsafe connection.outbox = buffered
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        unsafe bufferevent_setcb(
            buffered, BuffereventStreamEngine.readCallback, BuffereventStreamEngine.writtenCallback,
            BuffereventStreamEngine.eventCallback, context)
        unsafe bufferevent_setwatermark(buffered, Int16(EV_WRITE), connection.settings.lowMark, 0)
        if let limits = unsafe limits { unsafe bufferevent_set_rate_limit(buffered, limits) }
        // Only reading: enabled for writing with nothing to write it would report that once for nothing.
        let code = unsafe LibeventStreamEngine.codeOfEnabling(buffered, EV_READ)
        if code != 0 {
            throw SystemError(code: code, operation: "bufferevent_enable", address: connection.peerAddress)
        }
    }

    // MARK: Reading

    private static let readCallback: OutboxPool.WriteCallback = { _, context in
        unsafe LibeventStreamEngine.working(context) { connection in
            let streams = unsafe unsafeDowncast(connection.engine, to: BuffereventStreamEngine.self)
            streams.deliver(connection)
        }
    }

    /// Delivers what has been read, or keeps it while reading is paused.
    private func deliver(_ connection: StreamConnection) {
        guard connection.wantsReading else { return park(connection) }
        guard let buffered = unsafe connection.outbox, let input = unsafe bufferevent_get_input(buffered) else {
            return
        }
        let arrived = unsafe evbuffer_get_length(input)
        guard arrived > 0 else { return }
        let count = connection.readsFreely ? arrived : connection.readAllowance(of: arrived)
        guard count > 0 else { return park(connection) }
        guard let start = unsafe evbuffer_pullup(input, count) else { return }
        (delivering, deliveredByteCount) = (connection, count)
        unsafe connection.received(UnsafeBufferPointer(start: start, count: count).span)
        delivering = nil
        // Where the connection ended meanwhile, libevent frees the buffer itself, once it has left its callback.
        guard unsafe connection.outbox != nil else { return }
        unsafe evbuffer_drain(input, count)
        // The limits allow no more as a rule, and it is parked.
        if count < arrived { deliver(connection) }
    }

    func deliverArrived(_ connection: StreamConnection) {
        // What is being delivered leaves the buffer only once its callback has returned.
        let delivered = delivering === connection ? deliveredByteCount : 0
        if let buffered = unsafe connection.outbox, let input = unsafe bufferevent_get_input(buffered) {
            let arrived = unsafe evbuffer_get_length(input)
            if arrived > delivered, let start = unsafe evbuffer_pullup(input, arrived) {
                let rest = unsafe UnsafeBufferPointer(start: start + delivered, count: arrived - delivered)
                unsafe connection.received(rest.span)
            }
        }
        deliverUnread(connection)
    }

    private static let eventCallback: OutboxPool.EventCallback = { _, what, context in
        let code = errno
        unsafe LibeventStreamEngine.working(context) { connection in
            let streams = unsafe unsafeDowncast(connection.engine, to: BuffereventStreamEngine.self)
            let what = Int32(what)
            if what & BEV_EVENT_WRITING != 0 {
                connection.sendFailed(code == 0 ? EPIPE : code)
            } else if what & BEV_EVENT_ERROR != 0 {
                streams.deliver(connection)
                connection.broke(code)
            } else if what & BEV_EVENT_EOF != 0 {
                streams.deliver(connection)
                // While reading is paused the end waits: enabled again, the bufferevent finds it once more.
                if connection.wantsReading { connection.receivedEnd() } else { streams.park(connection) }
            }
        }
    }

    private func park(_ connection: StreamConnection) {
        guard connection.state.isDisjoint(with: [.parked, .lost]), let buffered = unsafe connection.outbox else {
            return
        }
        connection.state.insert(.parked)
        unsafe bufferevent_disable(buffered, Int16(EV_READ))
        let code = StreamSocket.pendingError(connection.descriptor)
        if code != 0 { return connection.broke(code) }
        armWatch(connection)
    }

    func readingChanged(_ connection: StreamConnection) {
        guard connection.wantsReading else {
            if connection.state.contains(.readEnded) { park(connection) }
            return
        }
        guard connection.state.contains(.parked), let buffered = unsafe connection.outbox else { return }
        connection.state.remove(.parked)
        disarmWatch(connection)
        let code = unsafe LibeventStreamEngine.codeOfEnabling(buffered, EV_READ)
        if code != 0 { return connection.interestFailed(code, "bufferevent_enable") }
        if let input = unsafe bufferevent_get_input(buffered), unsafe evbuffer_get_length(input) > 0 {
            // What was read before the pause comes first, and not inside the call that ended the pause.
            unsafe bufferevent_trigger(
                buffered, Int16(EV_READ),
                Int32(BEV_TRIG_IGNORE_WATERMARKS.rawValue | BEV_TRIG_DEFER_CALLBACKS.rawValue))
        }
    }

    // MARK: Writing

    var queuesAll: Bool { true }

    func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int { 0 }

    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int { 0 }

    func enqueue(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard let buffered = unsafe connection.outbox else { return ENOMEM }
        if connection.state.contains(.parked) { disarmWatch(connection) }
        let begins = queuedByteCount(connection) == 0
        guard unsafe bufferevent_write(buffered, bytes.baseAddress, bytes.count) == 0 else { return ENOMEM }
        // It does not say if it could not add its event: enabling it again does, and costs no system call.
        return begins ? unsafe LibeventStreamEngine.codeOfEnabling(buffered, EV_WRITE) : 0
    }

    func offerQueue(_ connection: StreamConnection) {
        guard let buffered = unsafe connection.outbox, let output = unsafe bufferevent_get_output(buffered) else {
            return
        }
        // The bufferevent keeps others from taking bytes out of its buffer, and does the same around its own writes.
        unsafe evbuffer_unfreeze(output, 1)
        unsafe evbuffer_write(output, connection.descriptor)
        unsafe evbuffer_freeze(output, 1)
    }

    func queuedByteCount(_ connection: StreamConnection) -> Int {
        guard let buffered = unsafe connection.outbox else { return 0 }
        return unsafe evbuffer_get_length(bufferevent_get_output(buffered))
    }

    func lowMarkChanged(_ connection: StreamConnection) {
        guard let buffered = unsafe connection.outbox else { return }
        unsafe bufferevent_setwatermark(buffered, Int16(EV_WRITE), connection.settings.lowMark, 0)
    }

    private static let writtenCallback: OutboxPool.WriteCallback = { _, context in
        unsafe LibeventStreamEngine.working(context) { connection in
            let streams = unsafe unsafeDowncast(connection.engine, to: BuffereventStreamEngine.self)
            let rest = streams.queuedByteCount(connection)
            connection.outboxDrained(remaining: rest)
            if rest == 0 && connection.state.contains(.parked) && !connection.state.contains(.lost) {
                streams.armWatch(connection)
            }
        }
    }

    func close(_ connection: StreamConnection, reset: Bool) {
        if let event = unsafe connection.handle { unsafe event_free(event) }
        unsafe connection.handle = nil
        if let buffered = unsafe connection.outbox {
            unsafe unwatchOutbox(buffered, connection)
            // Freed inside its own callback it would keep its events until that has returned, and so past the close:
            // the next socket with the descriptor's number would be taken for one that is watched already.
            unsafe bufferevent_setfd(buffered, -1)
            unsafe bufferevent_free(buffered)
        }
        unsafe connection.outbox = nil
        StreamSocket.close(connection.descriptor, reset: reset, endsForAll: connection.settings.adoption != nil)
    }
}
