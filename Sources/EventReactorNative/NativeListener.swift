import CEventReactorShims
import EventReactorCore
import EventReactorSockets
import Glibc

/// A listening socket in epoll, level-triggered: what a turn leaves in the backlog is reported in the next.
final class NativeListener: ListenerEngine {
    private var socket: ListeningSocket?
    private let number: Int32
    let address: SocketAddress
    /// There while it accepts.
    private var watcher: Watcher?
    private unowned let port: ListeningPort
    private let epoll: Epoll
    private let reserve: ReserveDescriptor

    init(_ socket: consuming ListeningSocket, port: ListeningPort, engine: NativeEngine) throws(ListenError) {
        self.port = port
        epoll = engine.epoll
        reserve = engine.reserve
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
        watcher = try Watcher(epoll, number, .input) { [unowned self] in accept() }
    }

    private func accept() {
        // A protocol may pause or stop the listener as it is made.
        for _ in 0..<port.acceptsPerTurn {
            guard watcher != nil else { return }
            let (accepted, peer) = acceptOne()
            if accepted >= 0 {
                port.accepted(descriptor: accepted, peer: peer)
                continue
            }
            switch errno {
            case EAGAIN: return
            case EINTR: continue
            case let code where ReserveDescriptor.isOfOnePeer(code): continue
            default: return reserve.handle(errno, listener: number, port: port)
            }
        }
    }

    private func acceptOne() -> (descriptor: Int32, peer: SocketAddress) {
        var form = sockaddr_storage()
        var length: UInt32 = 0
        return unsafe withUnsafeMutablePointer(to: &form) { form in
            let accepted = unsafe er_accept_from(number, form, &length)
            guard accepted >= 0 else { return (accepted, .unnamedUnix) }
            return unsafe form.withMemoryRebound(to: sockaddr.self, capacity: 1) { form in
                (accepted, unsafe SocketAddress(kernelForm: form, length: length))
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

    func close() {
        watcher = nil
        socket = nil
    }

    var descriptor: Int32? { socket == nil ? nil : number }

    var duties: ListenerDuties {
        get { socket?.duties ?? [] }
        set { socket?.duties = newValue }
    }
}
