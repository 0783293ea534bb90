import EventReactorCore
import EventReactorPosix

/// The engine on epoll, with nothing between the reactor and the kernel.
@safe
final class NativeEngine: KernelEngine {
    let loop: KernelLoop
    let epoll: Epoll
    private let native: NativeStreamEngine

    init() throws(ReactorError) {
        loop = try KernelLoop()
        epoll = try Epoll()
        native = NativeStreamEngine(epoll: epoll)
    }

    deinit {
        shut()
    }

    func shut() {
        native.shut()
        loop.shut()
        epoll.shut()
    }

    func streams(for buffering: Buffering) -> any StreamEngine { native }

    func poll(until instant: ReactorInstant?) {
        unsafe epoll.handleEvents(waits: loop.armTimer(for: instant), streams: native, of: loop.reactor)
    }

    func watch(
        _ descriptor: Int32, toWrite: Bool, _ action: @escaping () -> Void
    ) throws(SystemError) -> AnyObject {
        try Watcher(epoll, descriptor, toWrite ? .output : [.input, .edge], action)
    }

    func makeListener(
        _ socket: consuming ListeningSocket, for port: ListeningPort
    ) throws(ListenError) -> any ListenerEngine {
        try NativeListener(socket, port: port, engine: self)
    }
}
