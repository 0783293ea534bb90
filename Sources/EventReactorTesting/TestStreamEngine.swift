/// The machinery under one test transport: what arrives is put here by the test, what is sent is kept here for it.
final class TestStreamEngine: StreamEngine {
    private let local: SocketAddress
    private weak var connection: StreamConnection?
    private var arrived: [[UInt8]] = []
    private var hasEndArrived = false
    private var failure: Int32 = 0
    private var isDelivering = false
    private var queued = ByteQueue()
    private var takes = true
    var written: [UInt8] = []
    private(set) var hasEnded = false
    private(set) var isClosed = false
    private(set) var wasReset = false

    init(local: SocketAddress) {
        self.local = local
    }

    var unreadCount: Int { arrived.reduce(0) { $0 + $1.count } }
    var queuedCount: Int { queued.count }

    // MARK: What the test does

    func receive(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, !hasEndArrived, !isClosed else { return }
        arrived.append(bytes)
        deliver()
    }

    func receiveEnd() {
        guard !hasEndArrived, !isClosed else { return }
        hasEndArrived = true
        deliver()
    }

    func reset(_ code: Int32) {
        failure = code
        deliver()
    }

    func stopTaking() {
        takes = false
    }

    func take(_ count: Int) {
        takes = false
        pass(min(max(0, count), queued.count))
    }

    func resumeTaking() {
        takes = true
        pass(queued.count)
    }

    private func pass(_ count: Int) {
        guard count > 0, let connection else { return }
        written += queued.take(count)
        connection.outboxTaken(count)
        if queued.count <= connection.settings.lowMark { connection.outboxDrained(remaining: queued.count) }
    }

    /// Delivers what has arrived, piece by piece, for as long as the protocol reads.
    ///
    /// Called by a callback of the protocol, it leaves the rest to the delivery that is under way.
    private func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        defer { isDelivering = false }
        while let connection, !isClosed, hasEndArrived || !arrived.isEmpty || failure != 0 {
            if failure != 0 && (arrived.isEmpty || !connection.wantsReading) { return connection.broke(failure) }
            guard connection.wantsReading else {
                if !connection.state.contains(.readEnded) { connection.state.insert(.parked) }
                return
            }
            if arrived.isEmpty { return connection.receivedEnd() }
            let most = connection.readAllowance(of: arrived[0].count)
            guard most > 0 else {
                connection.state.insert(.parked)
                return
            }
            let piece = Array(arrived[0].prefix(most))
            if most < arrived[0].count { arrived[0].removeFirst(most) } else { arrived.removeFirst() }
            connection.received(piece.span)
        }
    }

    // MARK: What the connection asks for

    func open(_ connection: StreamConnection) {
        self.connection = connection
    }

    func send(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard takes else { return 0 }
        unsafe written.append(contentsOf: bytes)
        return bytes.count
    }

    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        guard takes else { return 0 }
        var count = 0
        for index in pieces.indices {
            unsafe written.append(contentsOf: pieces[index])
            unsafe count += pieces[index].count
        }
        return count
    }

    func enqueue(_ connection: StreamConnection, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        unsafe queued.append(bytes)
        return 0
    }

    func queuedByteCount(_ connection: StreamConnection) -> Int { queued.count }

    func lowMarkChanged(_ connection: StreamConnection) {}

    func readingChanged(_ connection: StreamConnection) {
        guard connection.wantsReading, connection.state.contains(.parked) else { return }
        connection.state.remove(.parked)
        // In the next turn: resuming does not call back.
        connection.reactor.callSoon { [weak self] in self?.deliver() }
    }

    func shutdownWrite(_ connection: StreamConnection) {
        hasEnded = true
    }

    func deliverArrived(_ connection: StreamConnection) {
        while !arrived.isEmpty, connection.willRead {
            let piece = arrived.removeFirst()
            connection.received(piece.span)
        }
    }

    func closingLosesBytes(_ connection: StreamConnection) -> Bool {
        arrived = []
        return false
    }

    func close(_ connection: StreamConnection, reset: Bool) {
        isClosed = true
        wasReset = reset
        if !reset { hasEnded = true }
        queued.removeAll()
        arrived = []
        self.connection = nil
    }

    func localAddress(_ connection: StreamConnection) -> SocketAddress { local }

    func setNoDelay(_ connection: StreamConnection, _ enabled: Bool) -> Bool { true }

    func setKeepAlive(_ connection: StreamConnection, _ keepAlive: StreamOptions.KeepAlive) -> Bool { true }
}
