import CEventReactorShims
import EventReactorCore
import EventReactorPosix
import Glibc

/// A listening socket in epoll, level-triggered: peers that a turn leaves in the backlog are reported in the next.
final class NativeListener: ListenerEngine {
    private var socket: ListeningSocket?
    private let fd: Int32
    let address: SocketAddress
    /// The registration in epoll, present while it accepts.
    private var watcher: Watcher?
    private unowned let port: ListeningPort
    private unowned let engine: NativeEngine
    private var budget: AcceptBudget

    init(_ socket: consuming ListeningSocket, port: ListeningPort, engine: NativeEngine) throws(ListenError) {
        self.port = port
        self.engine = engine
        budget = AcceptBudget(most: port.acceptsPerTurn)
        address = socket.address
        fd = socket.descriptor
        self.socket = consume socket
        do throws(SystemError) {
            try register()
        } catch {
            throw .system(SystemError(code: error.code, operation: error.operation, address: address))
        }
    }

    private func register() throws(SystemError) {
        watcher = try Watcher(engine.epoll, fd, .input) { [unowned self] in accept() }
    }

    private func accept() {
        var allowsAnother = true
        // A protocol may pause or stop the listener in its first callback, and the port may be released then.
        while allowsAnother, watcher != nil {
            let (accepted, peer) = ListeningSocket.accept(at: fd)
            let code = accepted < 0 ? errno : 0
            if code == EAGAIN { return }
            allowsAnother = budget.allowsAnother(turn: port.reactor.turnNumber, now: LoopAlarm.now)
            if accepted >= 0 {
                socket?.prepare(accepted)
                port.accepted(descriptor: accepted, peer: peer)
            } else if code != EINTR {
                guard engine.loop.reserve.handle(code, listener: fd, port: port) else { return }
            }
        }
    }

    func enable() {
        guard socket != nil, watcher == nil else { return }
        do throws(SystemError) { try register() } catch { port.acceptFailed(error, closed: 0, waits: true) }
    }

    func disable() {
        watcher = nil
    }

    func serveBacklog() {
        watcher = nil
        let waiting = socket?.endArrivals() ?? 0
        engine.loop.reserve.serveBacklog(of: fd, atMost: waiting, for: port) { socket?.prepare($0) }
    }

    func close() {
        watcher = nil
        socket = nil
    }

    var descriptor: Int32? { socket == nil ? nil : fd }

    var duties: CloseActions {
        get { socket?.duties ?? .none }
        set { socket?.duties = newValue }
    }
}
