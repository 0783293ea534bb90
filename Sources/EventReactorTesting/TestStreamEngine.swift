/// The machinery under one test transport: what arrives is put here by the test, what is sent is kept here for it.
final class TestStreamEngine: StreamEngine {
    private let local: SocketAddress
    private weak var connection: StreamConnection?
    private var arrived: [[UInt8]] = []
    private var hasEndArrived = false
    private var failure: Int32 = 0
    private var isDelivering = false
    /// The bytes that are taken of what is written from now on.
    private var room = Int.max
    var written: [UInt8] = []
    private(set) var hasEnded = false
    private(set) var isClosed = false
    private(set) var wasReset = false

    init(local: SocketAddress) {
        self.local = local
    }

    var unreadCount: Int { arrived.reduce(0) { $0 + $1.count } }
    var queuedCount: Int { connection?.queuedByteCount ?? 0 }

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
        room = 0
    }

    func take(_ count: Int) {
        room = min(max(0, count), queuedCount)
        takeQueued()
        room = 0
    }

    func resumeTaking() {
        room = .max
        takeQueued()
    }

    private func takeQueued() {
        while room > 0, let connection, connection.state.contains(.wantsRoom) {
            let before = connection.queue?.byteCount ?? 0
            connection.hasRoom()
            guard before > 0 else { return }
        }
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
        let taken = min(bytes.count, room)
        unsafe written.append(contentsOf: bytes[..<taken])
        if room != .max { room -= taken }
        return taken
    }

    func send(_ connection: StreamConnection, pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        unsafe pieces.reduce(0) { unsafe $0 + send(connection, $1) }
    }

    func interestChanged(_ connection: StreamConnection) {
        guard !connection.state.contains(.parked) else { return }
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

    func drainInput(of connection: StreamConnection) -> InputDrain {
        arrived = []
        return .delivered
    }

    func close(_ connection: StreamConnection, reset: Bool) {
        isClosed = true
        wasReset = reset
        if !reset { hasEnded = true }
        arrived = []
        self.connection = nil
    }

    func localAddress(_ connection: StreamConnection) -> SocketAddress { local }

    func set(_ option: SocketOption, of connection: StreamConnection) -> Bool { true }
}
