import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// Streams that are bufferevents from the first byte to the last: libevent's own reading, writing and rate limits.
///
/// Queued bytes stay in the connection's send queue, and the bufferevent borrows it piece by piece. The
/// connection's `handle` is a ``BuffereventHandle``.
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
        unsafe connection.bufferevent = .passRetained(BuffereventHandle(buffered))
        connection.state.insert(.queuesAll)
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        unsafe bufferevent_setcb(
            buffered, BuffereventStreamEngine.readCallback, BuffereventStreamEngine.writtenCallback,
            BuffereventStreamEngine.eventCallback, context)
        unsafe evbuffer_add_cb(bufferevent_get_output(buffered), BuffereventStreamEngine.outputCallback, context)
        // After each write: the low mark may change while bytes are lent.
        unsafe bufferevent_setwatermark(buffered, Int16(EV_WRITE), Int.max, 0)
        if let limits = unsafe limits { unsafe bufferevent_set_rate_limit(buffered, limits) }
        // Only reading: enabled for writing with nothing to write it would report that once for nothing.
        let code = unsafe BuffereventStreamEngine.codeOfEnabling(buffered, EV_READ)
        if code != 0 {
            throw SystemError(code: code, operation: "bufferevent_enable", address: connection.peerAddress)
        }
    }

    /// Enables a bufferevent: 0, or the errno with which the kernel refused to register the descriptor.
    private static func codeOfEnabling(_ buffered: OpaquePointer, _ what: Int32) -> Int32 {
        LibeventError.of("bufferevent_enable") { unsafe bufferevent_enable(buffered, Int16(what)) }?.code ?? 0
    }

    /// Calls a closure with a connection that libevent has called back for, and its engine.
    private static func with(
        _ context: UnsafeMutableRawPointer?, _ body: (StreamConnection, BuffereventStreamEngine) -> Void
    ) {
        unsafe LibeventStreamEngine.working(context) { connection in
            body(connection, unsafe unsafeDowncast(connection.engine, to: BuffereventStreamEngine.self))
        }
    }

    private func input(of connection: StreamConnection) -> OpaquePointer? {
        unsafe connection.buffered.flatMap { unsafe bufferevent_get_input($0) }
    }

    // MARK: Reading

    private static let readCallback: bufferevent_data_cb = { _, context in
        unsafe BuffereventStreamEngine.with(context) { $1.deliver($0) }
    }

    /// Delivers what has been read, or keeps it while reading is paused.
    private func deliver(_ connection: StreamConnection) {
        guard connection.wantsReading else { return park(connection) }
        guard let input = unsafe input(of: connection) else { return }
        let arrived = unsafe evbuffer_get_length(input)
        guard arrived > 0 else { return }
        let count = connection.readsFreely ? arrived : connection.readAllowance(of: arrived)
        guard count > 0 else { return park(connection) }
        guard let start = unsafe evbuffer_pullup(input, count) else { return }
        (delivering, deliveredByteCount) = (connection, count)
        unsafe connection.received(UnsafeBufferPointer(start: start, count: count).span)
        delivering = nil
        // If the connection ended meanwhile, libevent frees the buffer itself, once it has left its callback.
        guard unsafe connection.handle != nil else { return }
        unsafe evbuffer_drain(input, count)
        // The limits mostly allow no more, and the connection is parked.
        if count < arrived { deliver(connection) }
    }

    func deliverArrived(_ connection: StreamConnection) {
        // What is being delivered leaves the buffer only once its callback has returned.
        let delivered = delivering === connection ? deliveredByteCount : 0
        if let input = unsafe input(of: connection) {
            let arrived = unsafe evbuffer_get_length(input)
            if arrived > delivered, let start = unsafe evbuffer_pullup(input, arrived) {
                let rest = unsafe UnsafeBufferPointer(start: start + delivered, count: arrived - delivered)
                unsafe connection.received(rest.span)
            }
        }
        deliverUnread(connection)
    }

    private static let eventCallback: bufferevent_event_cb = { _, what, context in
        let code = errno
        unsafe BuffereventStreamEngine.with(context) { connection, engine in
            let what = Int32(what)
            if what & BEV_EVENT_WRITING != 0 {
                connection.sendFailed(code == 0 ? EPIPE : code)
            } else if what & BEV_EVENT_ERROR != 0 {
                engine.deliver(connection)
                connection.broke(code)
            } else if what & BEV_EVENT_EOF != 0 {
                engine.deliver(connection)
                // While reading is paused the end waits: enabled again, the bufferevent finds it once more.
                if connection.wantsReading { connection.receivedEnd() } else { engine.park(connection) }
            }
        }
    }

    private func park(_ connection: StreamConnection) {
        guard connection.state.isDisjoint(with: [.parked, .lost]) else { return }
        connection.state.insert(.parked)
        interestChanged(connection)
    }

    func interestChanged(_ connection: StreamConnection) {
        guard !connection.state.contains(.lost), let handle = unsafe connection.bufferevent?.takeUnretainedValue()
        else {
            return
        }
        let buffered = unsafe handle.buffered
        let reads = unsafe Int32(bufferevent_get_enabled(buffered)) & EV_READ != 0
        if !connection.state.contains(.parked) {
            guard !reads else { return }
            handle.stopWatchingForReset()
            let code = unsafe BuffereventStreamEngine.codeOfEnabling(buffered, EV_READ)
            if code != 0 { return connection.interestFailed(code, "bufferevent_enable") }
            if let input = unsafe bufferevent_get_input(buffered), unsafe evbuffer_get_length(input) > 0 {
                // What was read before the pause comes first, and not inside the call that ended the pause.
                unsafe bufferevent_trigger(
                    buffered, Int16(EV_READ),
                    Int32(BEV_TRIG_IGNORE_WATERMARKS.rawValue | BEV_TRIG_DEFER_CALLBACKS.rawValue))
            }
            return
        }
        if reads {
            unsafe bufferevent_disable(buffered, Int16(EV_READ))
            let code = StreamSocket.pendingError(connection.descriptor)
            if code != 0 { return connection.broke(code) }
        }
        // The bufferevent's own event sees a reset while it waits for room, and is level-triggered.
        if connection.state.contains(.wantsRoom) {
            handle.stopWatchingForReset()
        } else {
            let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
            let code = unsafe handle.watchForReset(base, connection.descriptor, resetEvents, context)
            if code != 0 { connection.interestFailed(code, "event_add") }
        }
    }

    // MARK: Writing

    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        guard let queue = connection.queue, let handle = unsafe connection.bufferevent?.takeUnretainedValue(),
            let output = unsafe bufferevent_get_output(handle.buffered)
        else { return -Int(ENOMEM) }
        // The event makes way before the bufferevent adds its own.
        handle.stopWatchingForReset()
        var lent = 0
        for index in pieces.indices {
            let (start, count) = unsafe (pieces[index].baseAddress, pieces[index].count)
            guard unsafe evbuffer_add_reference(output, start, count, nil, nil) == 0 else { break }
            lent += count
        }
        guard lent > 0 else { return -Int(ENOMEM) }
        queue.lentByteCount = lent
        // The bufferevent does not say if it could not add its event: enabling it again does, and costs no system call.
        let code = unsafe BuffereventStreamEngine.codeOfEnabling(handle.buffered, EV_WRITE)
        if code != 0 { connection.interestFailed(code, "write") }
        return lent
    }

    /// The kernel took bytes of the output buffer.
    private static let outputCallback: evbuffer_cb_func = { _, change, context in
        guard let change = unsafe change, unsafe change.pointee.n_deleted > 0 else { return }
        let count = unsafe Int(change.pointee.n_deleted)
        unsafe LibeventStreamEngine.with(context) { $0.sent(count) }
    }

    private static let writtenCallback: bufferevent_data_cb = { _, context in
        unsafe BuffereventStreamEngine.with(context) { connection, _ in connection.hasRoom() }
    }

    func close(_ connection: StreamConnection, reset: Bool) {
        if let handle = unsafe connection.bufferevent {
            unsafe connection.bufferevent = nil
            unsafe handle.takeUnretainedValue().free()
            unsafe handle.release()
        }
        closeSocket(of: connection, reset: reset)
    }
}

extension StreamConnection {
    /// The connection's bufferevent, which it owns from `open` to `close`.
    fileprivate var bufferevent: Unmanaged<BuffereventHandle>? {
        get { unsafe handle.map { unsafe Unmanaged.fromOpaque(UnsafeRawPointer($0)) } }
        set { unsafe handle = newValue.map { unsafe OpaquePointer($0.toOpaque()) } }
    }

    fileprivate var buffered: OpaquePointer? { unsafe bufferevent?.takeUnretainedValue().buffered }
}
