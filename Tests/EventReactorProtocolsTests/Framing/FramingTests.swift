import EventReactorCore
import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("Framing: the same frames, however the bytes arrive")
struct FramingTests {
    private static let sizes = [0, 1, 5, 0, 127, 128, 40, 2, 300]

    @Test(arguments: FramingCase.all)
    func framesAreTheSameAtEverySplit(_ framing: FramingCase) {
        let frames = FramingCase.frames(FramingTests.sizes)
        let bytes = frames.flatMap(framing.encode)
        for split in 0...bytes.count {
            let recorder = FrameRecorder()
            let transport = TestTransport(for: framing.make(recorder, 300))
            transport.receive(bytes, splitInto: [split])
            #expect(recorder.frames == frames, "split at \(split)")
            #expect(recorder.reason == nil)
        }
    }

    @Test(arguments: FramingCase.all, [1, 2, 3, 7, 64])
    func framesAreTheSameInPieces(_ framing: FramingCase, _ size: Int) {
        let frames = FramingCase.frames(FramingTests.sizes)
        let bytes = frames.flatMap(framing.encode)
        let recorder = FrameRecorder()
        let transport = TestTransport(for: framing.make(recorder, 300))
        transport.receive(bytes, splitInto: Array(repeating: size, count: bytes.count / size))
        #expect(recorder.frames == frames)
    }

    /// Together a thousand networks, which split, merge, delay and lose.
    @Test(arguments: FramingCase.all)
    func framesAreTheSameOverAThousandSimulatedNetworks(_ framing: FramingCase) throws {
        for seed in 0..<(1000 / UInt64(FramingCase.all.count) + 1) {
            var numbers = SeededRandom(seed: seed)
            let frames = FramingCase.frames((0..<8).map { _ in Int.random(in: 0...400, using: &numbers) })
            let network = SimulatedNetwork(seed: seed, faults: .harmless)
            let (server, client) = (network.host("server"), network.host("client"))
            let recorder = FrameRecorder()
            try server.listenTCP(port: 7) { framing.make(recorder, 400) }
            let sender = Recording.Sender(frames.map(framing.encode))
            try client.connectTCP(host: "server", port: 7) { sender }
            network.run { recorder.reason != nil }
            guard recorder.frames == frames, recorder.reason?.isClean == true else {
                Issue.record("seed \(seed): \(String(describing: recorder.reason))")
                return
            }
        }
    }

    @Test(arguments: FramingCase.all)
    func aFrameOfTheLimitPassesAtEverySplitAndOneByteMoreNever(_ framing: FramingCase) {
        let frames = FramingCase.frames([200])
        for (limit, passes) in [(200, true), (199, false)] {
            let bytes = framing.encode(frames[0])
            for split in 0...bytes.count {
                let recorder = FrameRecorder()
                let transport = TestTransport(for: framing.make(recorder, limit))
                transport.receive(bytes, splitInto: [split])
                #expect(recorder.frames == (passes ? frames : []), "split at \(split)")
                #expect(transport.isClosed != passes)
                if passes { continue }
                guard case .tooLong(let byteCount, 199, let setting)? = recorder.error else {
                    Issue.record("\(String(describing: recorder.reason))")
                    return
                }
                #expect(byteCount >= 200)
                #expect(setting.contains("limit"))
            }
        }
    }

    /// Whatever the peer announces or sends, no more is kept than the limit allows.
    @Test(arguments: FramingCase.all)
    func theExcessIsRefusedBeforeItIsBuffered(_ framing: FramingCase) {
        let recorder = FrameRecorder()
        let transport = TestTransport(for: framing.make(recorder, 1000))
        let bytes = framing.encode(FramingCase.frames([60_000])[0])
        var sent = 0
        while !transport.isClosed, sent < bytes.count {
            transport.receive([bytes[sent]])
            sent += 1
        }
        #expect(sent <= 1003)
        #expect(recorder.error != nil)
        #expect(recorder.frames.isEmpty)
    }

    @Test(arguments: FramingCase.all)
    func noFrameComesWhileReadingIsPaused(_ framing: FramingCase) {
        let frames = FramingCase.frames([3, 4, 5, 6])
        let bytes = frames.flatMap(framing.encode)
        for split in 0...bytes.count {
            let recorder = FrameRecorder()
            recorder.onFrame = { receiver, _ in receiver.transport.pauseReading() }
            let receiver = framing.make(recorder, 100)
            let transport = TestTransport(for: receiver)
            transport.receive(bytes, splitInto: [split])
            for count in 1...4 {
                #expect(recorder.frames.count == count)
                receiver.transport.resumeReading()
                transport.advance(by: .zero)
            }
            #expect(recorder.frames == frames)
        }
    }

    @Test(arguments: FramingCase.all)
    func theEndOfThePeerComesBehindTheFramesThatWaited(_ framing: FramingCase) {
        let recorder = FrameRecorder()
        recorder.onFrame = { receiver, frame in if frame.count == 1 { receiver.transport.pauseReading() } }
        let receiver = framing.make(recorder, 100)
        let transport = TestTransport(for: receiver)
        transport.receive(FramingCase.frames([1, 2, 3]).flatMap(framing.encode))
        transport.receiveEnd()
        #expect(recorder.frames.count == 1)
        #expect(!transport.isClosed)
        receiver.transport.resumeReading()
        transport.advance(by: .zero)
        #expect(recorder.frames.count == 3)
        #expect(transport.isClosed)
        #expect(recorder.reason?.isClean == true)
    }

    @Test(arguments: FramingCase.all)
    func noFrameComesOnceTheConnectionCloses(_ framing: FramingCase) {
        for ends in [{ $0.loseConnection() }, { $0.abortConnection() }] as [(any Transport) -> Void] {
            let recorder = FrameRecorder()
            recorder.onFrame = { receiver, _ in ends(receiver.transport) }
            let transport = TestTransport(for: framing.make(recorder, 100))
            transport.receive(FramingCase.frames([1, 2, 3]).flatMap(framing.encode))
            #expect(recorder.frames.count == 1)
        }
    }

    @Test(arguments: FramingCase.all)
    func anErrorOfACallbackEndsTheConnectionWithIt(_ framing: FramingCase) {
        struct Refusal: Error {}
        let recorder = FrameRecorder()
        recorder.onFrame = { _, _ in throw Refusal() }
        let transport = TestTransport(for: framing.make(recorder, 100))
        transport.receive(FramingCase.frames([1, 2]).flatMap(framing.encode))
        #expect(recorder.frames.count == 1)
        guard case .failed(is Refusal)? = recorder.reason else {
            Issue.record("\(String(describing: recorder.reason))")
            return
        }
    }

    @Test(arguments: FramingCase.all)
    func whatIsLeftGoesToTheNextProtocol(_ framing: FramingCase) {
        let frames = FramingCase.frames([3, 40, 5])
        let bytes = frames.flatMap(framing.encode)
        for split in 0...bytes.count {
            let (first, second) = (FrameRecorder(), FrameRecorder())
            first.onFrame = { receiver, _ in receiver.switchProtocol(to: framing.make(second, 100)) }
            let transport = TestTransport(for: framing.make(first, 100))
            transport.receive(bytes, splitInto: [split])
            #expect(first.frames == [frames[0]])
            #expect(second.frames == [frames[1], frames[2]])
            #expect(first.reason == nil)
        }
    }

    /// A switch that comes by a timer, between two parts of a frame.
    @Test(arguments: FramingCase.all)
    func aPartialFrameGoesToTheNextProtocolToo(_ framing: FramingCase) {
        let frame = FramingCase.frames([50])[0]
        let bytes = framing.encode(frame)
        for split in 1..<bytes.count {
            let (first, second) = (FrameRecorder(), FrameRecorder())
            let receiver = framing.make(first, 100)
            let transport = TestTransport(for: receiver)
            transport.receive([UInt8](bytes[..<split]))
            receiver.switchProtocol(to: framing.make(second, 100))
            transport.receive([UInt8](bytes[split...]))
            #expect(first.frames.isEmpty)
            #expect(second.frames == [frame])
        }
    }

    @Test(arguments: FramingCase.all)
    func aPeerThatEndsInAFrameIsAnErrorAndClosesInOrder(_ framing: FramingCase) {
        let recorder = FrameRecorder()
        recorder.onFrame = { receiver, _ in receiver.transport.write("answer") }
        let transport = TestTransport(for: framing.make(recorder, 100))
        let bytes = FramingCase.frames([1, 9]).flatMap(framing.encode)
        transport.receive([UInt8](bytes.dropLast()))
        transport.receiveEnd()
        #expect(transport.isClosed)
        #expect(!transport.wasReset)
        #expect(transport.takeWrittenText() == "answer")
        guard case .endInFrame? = recorder.error else {
            Issue.record("\(String(describing: recorder.reason))")
            return
        }
    }
}
