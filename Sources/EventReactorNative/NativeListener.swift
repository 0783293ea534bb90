import CEventReactorShims
import EventReactorCore
import EventReactorPosix
import Glibc

/// A listening socket in epoll, level-triggered: what a turn leaves in the backlog is reported in the next.
final class NativeListener: ListenerEngine {
    private var socket: ListeningSocket?
    private let number: Int32
    let address: SocketAddress
    /// There while it accepts.
    private var watcher: Watcher?
    private unowned let port: ListeningPort
    private unowned let engine: NativeEngine
    private var budget: AcceptBudget

    init(_ socket: consuming ListeningSocket, port: ListeningPort, engine: NativeEngine) throws(ListenError) {
        self.port = port
        self.engine = engine
        budget = AcceptBudget(most: port.acceptsPerTurn)
        address = socket.address
        number = socket.descriptor
        self.socket = consume socket
        do throws(SystemError) {
            try watch()
        } catch {
            throw .system(SystemError(code: error.code, operation: error.operation, address: address))
        }
    }

    private func watch() throws(SystemError) {
        guard let epoll = engine.heldEpoll else { throw SystemError(code: EBADF, operation: "epoll_ctl", address: nil) }
        watcher = try Watcher(epoll, number, .input) { [unowned self] in accept() }
    }

    private func accept() {
        var allowsAnother = true
        // A protocol may pause or stop the listener as it is made, and the port may be gone then.
        while allowsAnother, watcher != nil {
            let (accepted, peer) = ListeningSocket.accept(at: number)
            let code = accepted < 0 ? errno : 0
            if code == EAGAIN { return }
            allowsAnother = budget.allowsAnother(turn: port.reactor.turnNumber, now: LoopAlarm.now)
            if accepted >= 0 {
                socket?.prepare(accepted)
                port.accepted(descriptor: accepted, peer: peer)
            } else if code != EINTR {
                guard engine.reserve?.handle(code, listener: number, port: port) == true else { return }
            }
        }
    }

    func enable() {
        guard socket != nil, watcher == nil else { return }
        do throws(SystemError) { try watch() } catch { port.acceptFailed(error, closed: 0, waits: true) }
    }

    func disable() {
        watcher = nil
    }

    func serveBacklog() {
        watcher = nil
        let waiting = socket?.endArrivals() ?? 0
        engine.reserve?.serveBacklog(of: number, atMost: waiting, for: port) { socket?.prepare($0) }
    }

    func close() {
        watcher = nil
        socket = nil
    }

    var descriptor: Int32? { socket == nil ? nil : number }

    var duties: CloseActions {
        get { socket?.duties ?? [] }
        set { socket?.duties = newValue }
    }
}
