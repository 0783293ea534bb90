import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// The common part of both kinds of stream on libevent: its base, its errors, and the event for a reset.
class LibeventStreamEngine {
    /// Unowned, so that what a program keeps of a lost connection retains no descriptor of the engine's: it is used for
    /// live connections alone, and the engine outlives these.
    private unowned(unsafe) let engine: LibeventEngine

    init(engine: LibeventEngine) {
        unsafe self.engine = engine
    }

    var base: OpaquePointer? { unsafe engine.base.pointer }

    /// The events of a connection registered for nothing but a reset: edge-triggered, which reports each change once.
    let resetEvents = EV_READ | EV_PERSIST | EV_ET

    static let resetCallback: Event.Callback = { _, _, context in
        unsafe LibeventStreamEngine.working(context) { connection in
            let code = StreamSocket.pendingError(connection.descriptor)
            if code != 0 { connection.broke(code) }
        }
    }

    /// Adds an event to its base: 0, or the errno with which the kernel refused to register the descriptor.
    static func codeOfAdding(_ event: OpaquePointer?) -> Int32 {
        guard let event = unsafe event else { return ENOMEM }
        return LibeventError.of("event_add") { unsafe event_add(event, nil) }?.code ?? 0
    }

    /// The connection that a callback is for; the work of the turn may begin with it.
    static func working(_ context: UnsafeMutableRawPointer?, _ body: (StreamConnection) -> Void) {
        unsafe with(context) { connection in
            connection.beginWork()
            body(connection)
        }
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
