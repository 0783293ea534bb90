import EventReactor
import Testing

@Suite("Contract 39: slow readers")
struct SlowReaderTests {
    private static let piece = 16 * 1024
    private static let total = 40 * piece

    /// Reads a piece, then rests.
    private static func readSlowly(_ recorder: Recorder, _ world: World) {
        recorder.onData = { recorder, _ in
            recorder.transport.pauseReading()
            world.reactor.callLater(.microseconds(200)) { recorder.transport.resumeReading() }
        }
    }

    @Test(arguments: Setting.all)
    func line39WhoHonoursTheMarksHoldsBoundedMemoryForFiftySlowReaders(_ setting: Setting) throws {
        try setting.run { world in
            var options = ListenOptions()
            options.stream = .narrow
            var most = 0
            var pauses = 0
            let port = try world.listen(options: options) {
                let producer = Recorder("producer")
                var writer = PatternWriter()
                func produce() {
                    while writer.count < SlowReaderTests.total {
                        writer.write(SlowReaderTests.piece, to: producer.transport)
                        most = max(most, producer.transport.bufferedByteCount)
                        if producer.transport.bufferedByteCount > 64 * 1024 { return }
                    }
                    producer.transport.loseConnection()
                }
                producer.onMade = { _ in produce() }
                producer.onPause = { _ in pauses += 1 }
                producer.onResume = { _ in produce() }
                return producer
            }
            var rest = 50
            for _ in 0..<50 {
                try world.connect(to: port.localAddress, options: .narrow) {
                    let reader = Recorder("reader")
                    SlowReaderTests.readSlowly(reader, world)
                    reader.onLost = { reader, reason in
                        #expect(reason.isDone)
                        #expect(reader.received.count == SlowReaderTests.total)
                        #expect(Pattern.isFound(in: reader.received))
                        rest -= 1
                        if rest == 0 { world.finish() }
                    }
                    return reader
                }
            }
            world.whenFinished = {
                #expect(pauses >= 50)
                #expect(most <= 64 * 1024 + SlowReaderTests.piece)
            }
        }
    }

    /// A source that writes as fast as it can, a forwarder that keeps to its watermarks, and a slow sink.
    @Test(arguments: Setting.all)
    func line39AForwarderPassesTheSlownessOn(_ setting: Setting) throws {
        try setting.run { world in
            var options = ListenOptions()
            options.stream = .narrow
            let sink = Recorder("sink")
            SlowReaderTests.readSlowly(sink, world)
            let sinkPort = try world.listen(options: options) { sink }
            let incoming = Recorder("incoming")
            let outgoing = Recorder("outgoing")
            let source = Recorder("source")
            var most = 0

            incoming.closesWithPeer = false
            incoming.onMade = { incoming in
                incoming.transport.pauseReading()
                try world.connect(to: sinkPort.localAddress, options: .narrow) { outgoing }
            }
            outgoing.onMade = { _ in incoming.transport.resumeReading() }
            incoming.onData = { _, bytes in
                outgoing.transport.write(bytes)
                most = max(most, outgoing.transport.bufferedByteCount)
            }
            // The sink pauses until backpressure has reached the source: however busy the machine is, it is then slow
            // enough.
            sink.onMade = { $0.transport.pauseReading() }
            outgoing.onPause = { _ in
                incoming.transport.pauseReading()
                sink.transport.resumeReading()
            }
            outgoing.onResume = { _ in incoming.transport.resumeReading() }
            incoming.onReadLost = { _ in outgoing.transport.loseConnection() }
            outgoing.onLost = { _, _ in incoming.transport.loseConnection() }

            let port = try world.listen(options: options) { incoming }
            source.onMade = { source in
                source.transport.write(Pattern.bytes(1_000_000))
                source.transport.loseConnection()
            }
            try world.connect(to: port.localAddress, options: .narrow) { source }
            world.finishWhenLost(sink, incoming, outgoing, source) {
                #expect(sink.received.count == 1_000_000)
                #expect(Pattern.isFound(in: sink.received))
                #expect(outgoing.calls.contains("pause"))
                // The bytes that one turn receives, the reactor's receive buffer, may come on top.
                #expect(most <= 128 * 1024)
            }
        }
    }
}
