import EventReactorCore
import EventReactorPosix
import Glibc

/// Streams on epoll: received into the reactor's buffer, sent straight to the kernel.
///
/// An idle connection costs nothing here: the connection's `handle` holds the interest that epoll knows of.
@safe
final class NativeStreamEngine: ReadinessStreamEngine {
    /// Unowned, so that what a program keeps of a lost connection retains no descriptor: it is used for live connections
    /// alone, and the engine, which retains it, outlives these.
    private let epoll: Unmanaged<Epoll>
    let pipePool = PipePool()
    let interestCall = "epoll_ctl"

    init(epoll: Epoll) {
        unsafe self.epoll = .passUnretained(epoll)
    }

    /// Closes what is kept for the next relay.
    func shut() {
        pipePool.empty()
    }

    func open(_ connection: StreamConnection) throws(SystemError) {
        let code = unsafe epoll._withUnsafeGuaranteedRef { $0.add(connection, .input) }
        if code != 0 { throw SystemError(code: code, operation: "epoll_ctl", address: connection.peerAddress) }
        connection.interest = .input
    }

    func close(_ connection: StreamConnection, reset: Bool) {
        // Not one that could not be opened.
        if !connection.interest.isEmpty { unsafe epoll._withUnsafeGuaranteedRef { $0.remove(connection) } }
        connection.interest = []
        closeSocket(of: connection, reset: reset)
    }

    /// Handles what epoll reports of a connection, which may have ended in this batch already.
    @inline(__always)
    func handle(_ event: Interest, for connection: StreamConnection) {
        if event != .input { connection.hasRoom() }
        guard event != .output else { return }
        if unsafe !connection.receiveFreely(StreamSocket.receive) { receiveOrPark(connection) }
    }

    func setInterest(_ interest: SocketInterest, for connection: StreamConnection) -> Int32 {
        var wanted: Interest = []
        if interest.reads { wanted.insert(.input) }
        if interest.writes { wanted.insert(.output) }
        if interest.isForResetAlone { wanted.insert(.edge) }
        guard wanted != connection.interest else { return 0 }
        let code = unsafe epoll._withUnsafeGuaranteedRef { $0.change(connection, to: wanted) }
        if code == 0 { connection.interest = wanted }
        return code
    }
}

extension StreamConnection {
    /// The interest that epoll knows of; empty if it does not know the descriptor.
    fileprivate var interest: Interest {
        get { Interest(rawValue: UInt32(truncatingIfNeeded: UInt(bitPattern: unsafe handle))) }
        set { unsafe handle = OpaquePointer(bitPattern: UInt(newValue.rawValue)) }
    }
}
