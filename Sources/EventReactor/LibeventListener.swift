import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// A listening socket in an `evconnlistener`.
@safe
final class LibeventListener: ListenerEngine {
    private var socket: ListeningSocket?
    private var listener: OpaquePointer?
    private unowned let port: ListeningPort
    private unowned let engine: LibeventEngine
    let address: SocketAddress
    private let fd: Int32
    private var budget: AcceptBudget
    private var isEnabled = true
    /// Gives a connection to another reactor of the group; false if it is for this one.
    var distributor: ((Int32, SocketAddress) -> Bool)?

    init(_ socket: consuming ListeningSocket, port: ListeningPort, engine: LibeventEngine) throws(ListenError) {
        self.port = port
        self.engine = engine
        budget = AcceptBudget(most: port.acceptsPerTurn)
        address = socket.address
        fd = socket.descriptor
        self.socket = consume socket
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        // The descriptor is ours to close. Backlog 0: it listens already. Disabled: if libevent enabled it here, a failure
        // of that would go unnoticed.
        unsafe listener = evconnlistener_new(
            engine.base.pointer,
            { _, descriptor, peer, length, context in
                unsafe LibeventListener.from(context) { unsafe $0.accepted(descriptor, peer, length) }
            }, context, LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_DISABLED, 0, fd)
        guard let listener = unsafe listener else {
            throw .system(SystemError(code: ENOMEM, operation: "evconnlistener_new", address: address))
        }
        unsafe evconnlistener_set_error_cb(listener) { _, context in
            let code = errno
            unsafe LibeventListener.from(context) { $0.failed(code) }
        }
        if let error = register() { throw .system(error) }
    }

    /// Registers the socket for accepting, and returns the error if that failed.
    private func register() -> SystemError? {
        guard let listener = unsafe listener else { return nil }
        let error = LibeventLog.during(engine.reactor) {
            LibeventError.of("evconnlistener_enable") { unsafe evconnlistener_enable(listener) }
        }
        return error.map { SystemError(code: $0.code, operation: $0.operation, address: address) }
    }

    deinit {
        close()
    }

    private static func from(_ context: UnsafeMutableRawPointer?, _ body: (LibeventListener) -> Void) {
        guard let context = unsafe context else { return }
        // Retained for the call: the port releases the listener if a protocol stops listening in its first callback.
        let listener = unsafe Unmanaged<LibeventListener>.fromOpaque(context).takeUnretainedValue()
        listener.engine.reactor.beginWork()
        body(listener)
    }

    private func accepted(_ descriptor: Int32, _ peer: UnsafeMutablePointer<sockaddr>?, _ length: Int32) {
        let allowsAnother = budget.allowsAnother(turn: engine.reactor.turnNumber, now: engine.now)
        if !allowsAnother, isEnabled, let listener = unsafe listener {
            // libevent accepts until the backlog is empty unless it is disabled; the rest is for the next turn.
            unsafe evconnlistener_disable(listener)
            engine.reactor.callSoon { [weak self] in self?.resume() }
        }
        socket?.prepare(descriptor)
        let from = unsafe peer.map { unsafe SocketAddress(kernelForm: $0, length: socklen_t(length)) } ?? .unnamedUnix
        if let distributor, distributor(descriptor, from) { return }
        port.accepted(descriptor: descriptor, peer: from)
    }

    private func failed(_ code: Int32) {
        engine.loop.reserve.handle(code, listener: fd, port: port)
    }

    private func resume() {
        guard isEnabled, let error = register() else { return }
        // libevent would consider it enabled, and not try again.
        if let listener = unsafe listener { unsafe evconnlistener_disable(listener) }
        port.acceptFailed(error, closed: 0, waits: true)
    }

    func enable() {
        isEnabled = true
        resume()
    }

    func disable() {
        isEnabled = false
        if let listener = unsafe listener { unsafe evconnlistener_disable(listener) }
    }

    func serveBacklog() {
        disable()
        let waiting = socket?.endArrivals() ?? 0
        engine.loop.reserve.serveBacklog(of: fd, atMost: waiting, for: port) { socket?.prepare($0) }
    }

    func close() {
        if let listener = unsafe listener {
            // Freed in its own callback it would leave its event in the base until that returns, while the descriptor
            // is closed and its number perhaps another socket's.
            unsafe evconnlistener_disable(listener)
            unsafe evconnlistener_free(listener)
        }
        unsafe listener = nil
        socket = nil
    }

    var descriptor: Int32? { socket == nil ? nil : fd }

    var duties: CloseActions {
        get { socket?.duties ?? .none }
        set { socket?.duties = newValue }
    }
}
