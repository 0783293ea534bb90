import EventReactor
import TestSupport

/// Begins a connection, and knows what it may expect.
final class Client: End, CustomStringConvertible {
    let number: Int
    let work: Work
    let size: Int
    let offset: Int
    private(set) var hasFailed = false
    /// The end that serves it, once that has read its id.
    weak var server: Server?
    /// The loss of the server's end, and the bytes that it had received and written.
    var serverEnd: (reason: ConnectionLostReason, received: Int, written: Int, sawEnd: Bool)?

    init(_ load: Load, number: Int) {
        self.number = number
        work = Work(rawValue: load.random.roll(4)) ?? .echo
        size = 1 + (load.random.oneIn(3) ? load.random.roll(200_000) : load.random.roll(5000))
        offset = load.random.roll(Bytes.period)
        super.init(load)
    }

    var description: String { "client \(number) (\(work) of \(size))" }

    var isOver: Bool { reason != nil || hasFailed }

    var state: String {
        "made \(isMade), received \(received), wrote \(written), end \(sawEnd), "
            + "closing \(transport.isClosing); the server's end "
            + (server.map { "received \($0.received), wrote \($0.written), end \($0.sawEnd)" }
                ?? "\(String(describing: serverEnd))")
    }

    func failed(_ error: ConnectError) {
        load.activity += 1
        if hasFailed || isMade { complain("\(error), though it had ended or connected") }
        hasFailed = true
    }

    override func connectionMade() throws {
        try super.connectionMade()
        transport.write((0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })
        guard work != .file else { return }
        if load.random.oneIn(4) { writeSlowly() } else { while written < size { writePiece() } }
        if written == size { finishWriting() }
    }

    private func writePiece() {
        let piece = min(size - written, 1 + load.random.roll(40_000))
        transport.write(Bytes.from(offset + written, piece))
        written += piece
    }

    /// A piece at a time, by a timer.
    private func writeSlowly() {
        load.reactor.callLater(.microseconds(load.random.roll(3000))) { [self] in
            guard reason == nil else { return }
            writePiece()
            if written < size { writeSlowly() } else { finishWriting() }
        }
    }

    private func finishWriting() {
        if work == .upload { transport.loseConnection() } else if work == .relayed { transport.loseWriteConnection() }
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        try super.dataReceived(data)
        if !Bytes.areFound(in: data, from: offset + received) { complain("wrong bytes after \(received)") }
        received += data.count
        if received > size { complain("\(received) bytes") }
        if work == .echo && received >= size { transport.loseConnection() }
    }

    override func readConnectionLost() {
        super.readConnectionLost()
        transport.loseConnection()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        super.connectionLost(reason)
        load.ended()
    }

    func judge() {
        guard isOver else { return complain("has no end") }
        guard let serverEnd else { return }
        // The system ends a UNIX socket in order in any case: a loss is reported to its own end alone.
        if sawEnd && received < size && work != .upload && (!load.isUnix || serverEnd.reason.isClean) {
            // With a relay the ends in the middle may be the cause, and UNIX sockets do not show which.
            if work != .relayed || !load.isUnix {
                complain(
                    "\(received) bytes and an end in order; it has \(String(describing: reason)), the server \(serverEnd)"
                )
            }
        }
        if work == .upload && serverEnd.sawEnd && serverEnd.received < size && (!load.isUnix || reason?.isClean == true)
        {
            complain(
                "the server has \(serverEnd.received) bytes and an end in order; it has \(String(describing: reason))")
        }
    }
}
