import EventReactorCore
import EventReactorPosix
import Glibc

/// Streams on epoll: received into the reactor's buffer, sent straight to the kernel.
///
/// An idle connection costs nothing here beyond its two slots: `handle` holds the interest that epoll knows of, and
/// `outbox` a ``SendQueue``, there only while bytes wait that the kernel did not take.
@safe
final class NativeStreamEngine: SocketStreamEngine {
    /// Unowned, so that what a program keeps of a lost connection holds no descriptor: it is used for live connections
    /// alone, and the engine, which holds it, outlives these.
    private let epoll: Unmanaged<Epoll>
    private let pipes = PipePool()
    /// The reactor's, at hand.
    var receiveBuffer = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

    init(epoll: Epoll) {
        unsafe self.epoll = .passUnretained(epoll)
    }

    /// Closes what is kept for the next relay.
    func shut() {
        pipes.empty()
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
        releaseQueue(connection)
        StreamSocket.close(connection.descriptor, reset: reset, endsForAll: connection.settings.adoption != nil)
    }

    // MARK: Events

    /// Handles what epoll reports of a connection, which may have ended in this batch already.
    @inline(__always)
    func handle(_ event: Interest, for connection: StreamConnection) {
        if event != .input {
            if unsafe connection.outbox != nil {
                sendQueued(connection)
            } else if connection.state.contains(.wantsRoom) {
                connection.hasRoom()
            }
        }
        guard event != .output else { return }
        if connection.readsFreely {
            unsafe receive(connection, into: receiveBuffer)
        } else {
            receiveOrPark(connection)
        }
    }

    @inline(__always)
    private func receive(_ connection: StreamConnection, into buffer: UnsafeMutableRawBufferPointer) {
        let count = unsafe recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 {
            if count == buffer.count { connection.filledReceiveBuffer(count) }
            let bytes = unsafe UnsafeBufferPointer(
                start: buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
                count: count
            )
            unsafe connection.received(bytes.span)
        } else if count == 0 {
            connection.receivedEnd()
        } else if errno != EAGAIN && errno != EINTR {
            connection.broke(errno)
        }
    }

    /// Something came of a connection that is under limits, or is not to be read now.
    @inline(never)
    private func receiveOrPark(_ connection: StreamConnection) {
        let most = connection.readAllowance(of: unsafe receiveBuffer.count)
        guard most > 0 else { return park(connection) }
        unsafe receive(connection, into: UnsafeMutableRawBufferPointer(rebasing: receiveBuffer[..<most]))
    }

    /// Something came of a connection that is not to be read now: from here on only a reset is watched for.
    private func park(_ connection: StreamConnection) {
        if connection.takesBySplice { return connection.readable() }
        guard !connection.state.contains(.lost) else { return }
        let code = StreamSocket.pendingError(connection.descriptor)
        if code != 0 { return connection.broke(code) }
        connection.state.insert(.parked)
        updateInterest(connection)
    }

    func readingChanged(_ connection: StreamConnection) {
        if connection.wantsReading || connection.takesBySplice {
            connection.state.remove(.parked)
        } else if connection.state.contains(.readEnded) {
            connection.state.insert(.parked)
        }
        // A pause alone changes nothing yet: most end before anything has come.
        updateInterest(connection)
    }

    /// Tells epoll what the connection waits for, where that has changed.
    private func updateInterest(_ connection: StreamConnection) {
        var wanted: Interest = connection.state.contains(.parked) ? [] : .input
        if unsafe connection.outbox != nil || connection.state.contains(.wantsRoom) { wanted.insert(.output) }
        // A peer's end is reported for as long as it lasts, asked for or not, and would be over and over.
        if wanted.isEmpty { wanted = .edge }
        guard wanted != connection.interest, !connection.state.contains(.lost) else { return }
        let code = unsafe epoll._withUnsafeGuaranteedRef { $0.change(connection, to: wanted) }
        if code != 0 { return connection.interestFailed(code, "epoll_ctl") }
        connection.interest = wanted
    }

    // MARK: Files and relays

    func sendFile(_ connection: StreamConnection, _ file: Int32, offset: Int, count: Int) -> FileStep {
        StreamSocket.sendFile(connection.descriptor, file, offset: offset, count: count)
    }

    func roomWatchChanged(_ connection: StreamConnection) {
        updateInterest(connection)
    }

    var splices: Bool { true }

    func takePipe() -> (any RelayPipe)? { pipes.take() }

    // MARK: What the kernel did not take

    func enqueue(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        if let queue = unsafe connection.sendQueue {
            unsafe queue._withUnsafeGuaranteedRef { unsafe $0.append(bytes) }
        } else {
            let queue = SendQueue(chunks: connection.reactor.chunks)
            unsafe queue.append(bytes)
            unsafe connection.sendQueue = .passRetained(queue)
            updateInterest(connection)
        }
        return 0
    }

    func queuedByteCount(_ connection: StreamConnection) -> Int {
        unsafe connection.sendQueue?._withUnsafeGuaranteedRef { $0.count } ?? 0
    }

    func lowMarkChanged(_ connection: StreamConnection) {
        // It is looked at each time that bytes have gone out.
    }

    private func sendQueued(_ connection: StreamConnection) {
        guard let queue = unsafe connection.sendQueue else { return }
        let before = unsafe queue._withUnsafeGuaranteedRef { $0.count }
        let (code, rest) = unsafe queue._withUnsafeGuaranteedRef { ($0.send(to: connection.descriptor), $0.count) }
        if rest < before { connection.outboxTaken(before - rest) }
        // Told first, while what will not be sent can be counted.
        if code != 0 { connection.sendFailed(code) }
        if code != 0 || rest == 0 { releaseQueue(connection) }
        if code == 0 && rest <= connection.settings.lowMark {
            connection.outboxDrained(remaining: rest)
        }
        // Only now: what the protocol has just written may wait again.
        updateInterest(connection)
    }

    private func releaseQueue(_ connection: StreamConnection) {
        let queue = unsafe connection.sendQueue
        unsafe connection.sendQueue = nil
        unsafe queue?.release()
    }
}

extension StreamConnection {
    /// What epoll knows to be wanted; empty where it does not know the descriptor.
    fileprivate var interest: Interest {
        get { Interest(rawValue: UInt32(truncatingIfNeeded: UInt(bitPattern: unsafe handle))) }
        set { unsafe handle = OpaquePointer(bitPattern: UInt(newValue.rawValue)) }
    }

    fileprivate var sendQueue: Unmanaged<SendQueue>? {
        get { unsafe outbox.map { unsafe Unmanaged.fromOpaque(UnsafeRawPointer($0)) } }
        set { unsafe outbox = newValue.map { unsafe OpaquePointer($0.toOpaque()) } }
    }
}
