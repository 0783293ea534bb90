import EventReactor
import Glibc
import Testing

/// Peers that are slow on purpose, many at a time.
///
/// `EVENT_REACTOR_SLOW_PEERS` sets how many; each takes two descriptors of the process. `./bench slow` has 5,000.
@Suite("Contract 39: slow peers are dropped in time")
struct SlowPeerTests {
    private static let peers: Int = {
        guard let text = unsafe getenv("EVENT_REACTOR_SLOW_PEERS") else { return 40 }
        return Int(unsafe String(cString: text)) ?? 40
    }()

    private static let piece = 16 * 1024
    private static let wanted = 10 * 1024 * 1024

    /// Sends the requested bytes, and no more at a time than the watermarks allow.
    private final class Producer: Protocol {
        let lost: (Producer, ConnectionLostReason) -> Void
        private(set) var most = 0
        private var sent = 0
        private var isPaused = false
        private static let bytes = [UInt8](repeating: 7, count: SlowPeerTests.piece)

        init(lost: @escaping (Producer, ConnectionLostReason) -> Void) {
            self.lost = lost
        }

        override func dataReceived(_ data: Span<UInt8>) {
            produce()
        }

        private func produce() {
            while !isPaused && sent < SlowPeerTests.wanted {
                transport.write(Producer.bytes)
                sent += SlowPeerTests.piece
                let waiting = transport.bufferedByteCount
                most = max(most, waiting)
                // The pause comes when this callback has returned.
                if waiting > 64 * 1024 { return }
            }
        }

        override func pauseWriting() { isPaused = true }

        override func resumeWriting() {
            isPaused = false
            produce()
        }

        override func connectionLost(_ reason: ConnectionLostReason) {
            lost(self, reason)
        }
    }

    @Test(arguments: Setting.all)
    func line39SlowReadersHoldNoMoreThanTheMarksAndAreDropped(_ setting: Setting) throws {
        try setting.run { world in
            var options = ListenOptions()
            options.stream = .narrow
            options.stream.timeouts = StreamTimeouts(
                write: .seconds(5), minimumWriteRate: TransferRate(bytes: 1 << 30, per: .milliseconds(500)))
            var rest = SlowPeerTests.peers
            var most = 0
            let port = try world.listen(options: options) {
                Producer { producer, reason in
                    #expect(reason.isTimedOut)
                    most = max(most, producer.most)
                    rest -= 1
                    if rest == 0 { world.finish() }
                }
            }
            for _ in 0..<SlowPeerTests.peers {
                try world.connect(to: port.localAddress, options: .narrow) {
                    let reader = Recorder("reader")
                    reader.onMade = { $0.transport.write("give") }
                    reader.onData = { reader, _ in
                        reader.transport.pauseReading()
                        world.reactor.callLater(.milliseconds(50)) { reader.transport.resumeReading() }
                    }
                    return reader
                }
            }
            world.whenFinished = {
                #expect(most <= 64 * 1024 + SlowPeerTests.piece)
                #expect(most > 0)
            }
        }
    }

    @Test(arguments: Setting.all)
    func line39SlowWritersAreDroppedByTheDeadline(_ setting: Setting) throws {
        try setting.run { world in
            var options = ListenOptions()
            options.stream.timeouts = StreamTimeouts(
                idle: .seconds(60), minimumReadRate: TransferRate(bytes: 1000, per: .milliseconds(500)))
            var rest = SlowPeerTests.peers
            let port = try world.listen(options: options) {
                let server = Recorder("server")
                server.onLost = { server, reason in
                    #expect(reason.isTimedOut)
                    #expect(server.transport.expiredTimeout == .minimumReadRate)
                    #expect(server.received.count < 1000)
                    rest -= 1
                    if rest == 0 { world.finish() }
                }
                return server
            }
            for _ in 0..<SlowPeerTests.peers {
                try world.connect(to: port.localAddress) {
                    let writer = Recorder("writer")
                    func trickle() {
                        guard writer.reason == nil else { return }
                        writer.transport.write("x")
                        world.reactor.callLater(.milliseconds(50), trickle)
                    }
                    writer.onMade = { _ in trickle() }
                    return writer
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func line39PeersThatSayNothingAreDroppedByTheDeadlineOfTheFirstByte(_ setting: Setting) throws {
        try setting.run { world in
            var options = ListenOptions()
            options.stream.timeouts.firstByte = .milliseconds(500)
            var rest = SlowPeerTests.peers
            let port = try world.listen(options: options) {
                let server = Recorder("server")
                server.onLost = { server, reason in
                    #expect(reason.isTimedOut && server.received.isEmpty)
                    #expect(server.transport.expiredTimeout == .firstByte)
                    rest -= 1
                    if rest == 0 { world.finish() }
                }
                return server
            }
            for _ in 0..<SlowPeerTests.peers {
                try world.connect(to: port.localAddress) { Recorder("silent") }
            }
        }
    }
}
