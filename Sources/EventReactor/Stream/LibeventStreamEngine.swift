import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// What both kinds of stream on libevent have in common: the watch over a connection that is not read.
class LibeventStreamEngine {
    /// Unowned, so that what a program keeps of a lost connection holds no descriptor of the engine's: it is used for
    /// live connections alone, and the engine outlives these.
    private unowned(unsafe) let engine: LibeventEngine

    init(engine: LibeventEngine) {
        unsafe self.engine = engine
    }

    var base: OpaquePointer? { unsafe engine.base.pointer }

    // MARK: The watch over a connection that is not read

    // A paused connection must not be watched for bytes, which would be reported over and over, and with nothing
    // watched a reset would go unseen. An edge-triggered event tells of each change once. One descriptor cannot have
    // edge-triggered and level-triggered events at a time, so the watch makes way for whatever waits to be sent, whose
    // own event sees a reset too.

    static let watchCallback: Event.Callback = { _, _, context in
        unsafe LibeventStreamEngine.working(context) { connection in
            let code = StreamSocket.pendingError(connection.descriptor)
            if code != 0 { connection.broke(code) }
        }
    }

    /// Adds an event of a connection to the base; the connection ends if that fails, since nothing would be reported.
    func add(_ event: OpaquePointer?, of connection: StreamConnection) {
        let code = unsafe LibeventStreamEngine.codeOfAdding(event)
        if code != 0 { connection.interestFailed(code, "event_add") }
    }

    /// Adds an event to its base: 0, or the errno with which the kernel refused to watch the descriptor.
    static func codeOfAdding(_ event: OpaquePointer?) -> Int32 {
        guard let event = unsafe event else { return ENOMEM }
        return LibeventError.of("event_add") { unsafe event_add(event, nil) }?.code ?? 0
    }

    /// Enables a bufferevent: 0, or the errno with which the kernel refused to watch the descriptor.
    static func codeOfEnabling(_ buffered: OpaquePointer, _ what: Int32) -> Int32 {
        LibeventError.of("bufferevent_enable") { unsafe bufferevent_enable(buffered, Int16(what)) }?.code ?? 0
    }

    func armWatch(_ connection: StreamConnection) {
        guard !connection.watchesRoom else { return }
        let what = Int16(EV_READ | EV_PERSIST | EV_ET)
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        if let event = unsafe connection.handle {
            unsafe event_del(event)
            unsafe event_assign(event, base, connection.descriptor, what, LibeventStreamEngine.watchCallback, context)
        } else {
            unsafe connection.handle = event_new(
                base, connection.descriptor, what, LibeventStreamEngine.watchCallback, context)
        }
        unsafe add(connection.handle, of: connection)
    }

    func disarmWatch(_ connection: StreamConnection) {
        if let event = unsafe connection.handle { unsafe event_del(event) }
    }

    /// The connection that a callback is for; the work of the turn may begin with it.
    static func working(_ context: UnsafeMutableRawPointer?, _ body: (StreamConnection) -> Void) {
        unsafe with(context) { connection in
            connection.beginWork()
            body(connection)
        }
    }

    // MARK: Room in the kernel

    /// Watches for room, or no more, and then for a reset again where nothing waits.
    func roomWatchChanged(_ connection: StreamConnection) {
        guard connection.state.contains(.wantsRoom) else {
            connection.extras?.roomWatch = nil
            if connection.state.contains(.parked) && !connection.state.contains(.lost) { armWatch(connection) }
            return
        }
        if connection.state.contains(.parked) { disarmWatch(connection) }
        let (watch, code) = unsafe RoomWatch.make(base, connection)
        connection.extras?.roomWatch = watch
        if code != 0 { connection.interestFailed(code, "event_add") }
    }

    // MARK: What is taken of the outbox

    /// libevent tells of what it has sent only at the low mark: of a connection with timeouts the buffer itself tells.
    static let takenCallback: evbuffer_cb_func = { _, change, context in
        guard let change = unsafe change, unsafe change.pointee.n_deleted > 0 else { return }
        let count = unsafe Int(change.pointee.n_deleted)
        unsafe LibeventStreamEngine.with(context) { $0.outboxTaken(count) }
    }

    func timeoutsChanged(_ connection: StreamConnection) {
        guard let outbox = unsafe connection.outbox else { return }
        unsafe unwatchOutbox(outbox, connection)
        if connection.state.contains(.hasTimeouts) { unsafe watchOutbox(outbox, connection) }
    }

    func watchOutbox(_ outbox: OpaquePointer, _ connection: StreamConnection) {
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        unsafe evbuffer_add_cb(bufferevent_get_output(outbox), LibeventStreamEngine.takenCallback, context)
    }

    func unwatchOutbox(_ outbox: OpaquePointer, _ connection: StreamConnection) {
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        unsafe evbuffer_remove_cb(bufferevent_get_output(outbox), LibeventStreamEngine.takenCallback, context)
    }

    /// The connection that a callback is for.
    ///
    /// It is alive: the reactor frees connections at the end of a turn only.
    @inline(__always)
    static func with(_ context: UnsafeMutableRawPointer?, _ body: (StreamConnection) -> Void) {
        guard let context = unsafe context else { return }
        unsafe Unmanaged<StreamConnection>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
    }
}

/// Calls `hasRoom` of a connection in each turn in which the kernel would take bytes, as long as it is held.
@safe
private final class RoomWatch {
    private let event: OpaquePointer

    private init(_ event: OpaquePointer) {
        unsafe self.event = unsafe event
    }

    /// Begins to watch; returns nil with an errno if that fails.
    static func make(_ base: OpaquePointer?, _ connection: StreamConnection) -> (RoomWatch?, Int32) {
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        let made = unsafe event_new(
            base, connection.descriptor, Int16(EV_WRITE | EV_PERSIST),
            { _, _, context in unsafe LibeventStreamEngine.with(context) { $0.hasRoom() } }, context)
        let watch = unsafe made.map { unsafe RoomWatch($0) }
        let code = unsafe LibeventStreamEngine.codeOfAdding(made)
        return (code == 0 ? watch : nil, code)
    }

    deinit {
        unsafe event_free(event)
    }
}
