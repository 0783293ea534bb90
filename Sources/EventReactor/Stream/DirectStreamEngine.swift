import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// Streams on libevent's events: received into the reactor's buffer, sent straight to the kernel.
///
/// The connection's `handle` is its event: level-triggered for bytes, or edge-triggered for a reset while reading is not
/// wanted. The send queue's `registration` is a second event, there only while the connection waits for room.
final class DirectStreamEngine: LibeventStreamEngine, ReadinessStreamEngine {
    let pipePool = PipePool()
    let interestCall = "event_add"

    /// Closes what is kept for the next relay.
    func shut() {
        pipePool.empty()
    }

    func open(_ connection: StreamConnection) throws(SystemError) {
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        let event = unsafe event_new(
            base, connection.descriptor, Int16(EV_READ | EV_PERSIST), DirectStreamEngine.readCallback, context)
        unsafe connection.handle = event
        let code = unsafe LibeventStreamEngine.codeOfAdding(event)
        if code != 0 { throw SystemError(code: code, operation: "event_add", address: connection.peerAddress) }
    }

    private static let readCallback: Event.Callback = { _, _, context in
        // `LibeventStreamEngine.with`, spelled out: a call here costs each message.
        guard let context = unsafe context else { return }
        unsafe Unmanaged<StreamConnection>.fromOpaque(context)._withUnsafeGuaranteedRef { connection in
            if unsafe !connection.receiveFreely(StreamSocket.receive) {
                unsafe unsafeDowncast(connection.engine, to: DirectStreamEngine.self).receiveOrPark(connection)
            }
        }
    }

    private static let roomCallback: Event.Callback = { _, _, context in
        unsafe LibeventStreamEngine.working(context) { $0.hasRoom() }
    }

    func setInterest(_ interest: SocketInterest, for connection: StreamConnection) -> Int32 {
        guard let event = unsafe connection.handle else { return 0 }
        let wanted: Int32 =
            interest.reads ? EV_READ | EV_PERSIST : interest.isForResetAlone ? resetEvents : 0
        let isAdded = unsafe event_pending(event, Int16(EV_READ), nil) != 0
        let current = isAdded ? unsafe Int32(event_get_events(event)) : 0
        // One descriptor cannot have edge-triggered and level-triggered events at a time: this one makes way first.
        if current != wanted && isAdded { unsafe event_del(event) }
        let code = setWantsRoom(interest.writes, for: connection)
        guard code == 0, current != wanted, wanted != 0 else { return code }
        let callback =
            unsafe interest.reads ? DirectStreamEngine.readCallback : LibeventStreamEngine.resetCallback
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        unsafe event_assign(event, base, connection.descriptor, Int16(wanted), callback, context)
        return unsafe LibeventStreamEngine.codeOfAdding(event)
    }

    /// Adds or frees the event for room in the kernel.
    private func setWantsRoom(_ wanted: Bool, for connection: StreamConnection) -> Int32 {
        guard let queue = connection.queue, unsafe wanted != (queue.registration != nil) else { return 0 }
        guard wanted else {
            freeRoomEvent(of: connection)
            return 0
        }
        let context = unsafe Unmanaged.passUnretained(connection).toOpaque()
        unsafe queue.registration = event_new(
            base, connection.descriptor, Int16(EV_WRITE | EV_PERSIST), DirectStreamEngine.roomCallback, context)
        return unsafe LibeventStreamEngine.codeOfAdding(queue.registration)
    }

    private func freeRoomEvent(of connection: StreamConnection) {
        guard let queue = connection.queue, let event = unsafe queue.registration else { return }
        unsafe queue.registration = nil
        unsafe event_free(event)
    }

    func close(_ connection: StreamConnection, reset: Bool) {
        if let event = unsafe connection.handle { unsafe event_free(event) }
        unsafe connection.handle = nil
        freeRoomEvent(of: connection)
        closeSocket(of: connection, reset: reset)
    }
}
