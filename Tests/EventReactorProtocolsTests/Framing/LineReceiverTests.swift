import EventReactorCore
import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("Framing: lines")
struct LineReceiverTests {
    private let recorder = FrameRecorder()

    @Test func onlyItsDelimiterEndsALine() {
        let transport = TestTransport(for: Recording.Lines(recorder))
        transport.receive("a\nb\rc\r\rd\r\n", oneByteAtATime: true)
        #expect(recorder.texts == ["a\nb\rc\r\rd"])
    }

    @Test func aNewlineMayHaveACarriageReturnBeforeIt() {
        let transport = TestTransport(for: Recording.Lines(recorder, .newline))
        transport.receive("a\nb\r\n\n\r\n\r\r\n", oneByteAtATime: true)
        #expect(recorder.texts == ["a", "b", "", "", "\r"])
    }

    @Test func delimitersThatBeginAgainInThemselvesAreFound() {
        for text in ["aab", "aaab", "aaaab", "ababaab", "xaaxaab"] {
            let recorder = FrameRecorder()
            let transport = TestTransport(for: Recording.Delimited(recorder, Array("aab".utf8)))
            transport.receive(text, oneByteAtATime: true)
            #expect(recorder.texts == [String(text.dropLast(3))], "\(text)")
        }
    }

    @Test func rawBytesComeAsTheyArriveFromTheNextByteOn() throws {
        let receiver = Recording.Lines(recorder)
        recorder.onFrame = { [unowned receiver] _, frame in
            if frame == Array("DATA".utf8) { receiver.isRaw = true }
        }
        let transport = TestTransport(for: receiver)
        transport.receive("HELO\r\nDATA\r\nab\r\n")
        transport.receive("cd")
        #expect(recorder.texts == ["HELO", "DATA", "ab\r\n", "cd"])
        receiver.isRaw = false
        transport.receive("QUIT\r\n")
        #expect(recorder.texts.last == "QUIT")
    }

    @Test func linesGoOnInTheMiddleOfRawBytes() {
        let receiver = Recording.Lines(recorder)
        recorder.onFrame = { [unowned receiver] _, frame in
            if frame == Array("DATA".utf8) {
                receiver.isRaw = true
            } else if let end = frame.firstIndex(of: UInt8(ascii: ".")), receiver.isRaw {
                receiver.receiveLines(from: frame.span.extracting(droppingFirst: end + 1))
            }
        }
        let transport = TestTransport(for: receiver)
        transport.receive("DATA\r\nab.QUIT\r\nNOOP\r\n")
        #expect(recorder.texts == ["DATA", "ab.QUIT\r\nNOOP\r\n", "QUIT", "NOOP"])
    }

    @Test func aPartOfALineIsRawOnceRawIsSetOutsideACallback() {
        let receiver = Recording.Lines(recorder)
        let transport = TestTransport(for: receiver)
        transport.receive("part")
        receiver.isRaw = true
        #expect(recorder.frames.isEmpty)
        transport.advance(by: .zero)
        #expect(recorder.texts == ["part"])
    }

    @Test func aLineIsSentWithItsDelimiterAndCheckedFirst() throws {
        let receiver = Recording.Lines(recorder)
        let transport = TestTransport(for: receiver)
        try receiver.sendLine("one")
        try receiver.sendLine([UInt8](repeating: 50, count: 20_000))
        try receiver.sendLine("")
        #expect(transport.takeWrittenText() == "one\r\n" + String(repeating: "2", count: 20_000) + "\r\n\r\n")
        #expect(throws: FramingError.containsDelimiter) { try receiver.sendLine("one\r\nQUIT") }
        try receiver.sendLine("one\nline")
        #expect(transport.takeWrittenText() == "one\nline\r\n")
        let lenient = Recording.Lines(recorder, .newline)
        let other = TestTransport(for: lenient)
        #expect(throws: FramingError.containsDelimiter) { try lenient.sendLine("one\nQUIT") }
        #expect(other.takeWritten() == [])
    }

    @Test func aRejectionMayBeAnsweredAndEndsTheFrames() {
        final class Polite: LineReceiver {
            var lines = 0
            var rejections = 0
            override func lineReceived(_ line: Span<UInt8>) { lines += 1 }
            override func frameRejected(_ error: FramingError) {
                rejections += 1
                transport.write("500 Line too long\r\n")
            }
        }
        let receiver = Polite(limit: 5)
        let transport = TestTransport(for: receiver)
        transport.receive("ok\r\nmuch too long\r\nok\r\n")
        transport.receive("ok\r\n")
        #expect(receiver.lines == 1)
        #expect(receiver.rejections == 1)
        #expect(transport.takeWrittenText() == "500 Line too long\r\n")
        transport.receiveEnd()
        #expect(transport.isClosed)
        #expect(!transport.wasReset)
    }

    @Test func aCutFrameMayBeTakenAsTheLast() {
        final class Lenient: LineReceiver {
            var rest = ""
            override func frameCut(_ rest: Span<UInt8>) { self.rest = String(decoding: rest, as: UTF8.self) }
        }
        let receiver = Lenient()
        let transport = TestTransport(for: receiver)
        transport.receive("no newline")
        transport.receiveEnd()
        #expect(receiver.rest == "no newline")
        #expect(transport.isClosed)
    }

    /// As a proxy does that reads a line and passes on the rest; the relay begins behind what was written before.
    @Test(arguments: [0, 100_000])
    func whatIsLeftIsRelayed(_ waiting: Int) throws {
        let network = SimulatedNetwork(seed: 7, faults: .harmless)
        let (proxy, client, server) = (network.host("proxy"), network.host("client"), network.host("server"))
        let (front, back) = (Recording.Lines(recorder), Recording.Collector())
        let forward = Recording.Collector()
        recorder.onFrame = { receiver, _ in
            forward.transport.write([UInt8](repeating: 48, count: waiting))
            try receiver.transport.relay(to: forward.transport)
        }
        try server.listenTCP(port: 2) { back }
        try proxy.connectTCP(host: "server", port: 2) { forward }
        network.run { !back.transport.isClosing && !forward.transport.isClosing }
        try proxy.listenTCP(port: 1) { front }
        let sender = Recording.Sender("CONNECT\r\nfirst\r\nsecond")
        try client.connectTCP(host: "proxy", port: 1) { sender }
        network.run { back.isLost }
        #expect(recorder.texts == ["CONNECT"])
        #expect(back.text == String(repeating: "0", count: waiting) + "first\r\nsecond")
    }

    @Test func extremeLimitsAreKeptWithinBounds() {
        for limit in [Int.min, -1, 0] {
            let recorder = FrameRecorder()
            let transport = TestTransport(for: Recording.Lines(recorder, limit: limit))
            transport.receive("\r\n")
            #expect(recorder.texts == [""])
            transport.receive("a\r\n")
            #expect(recorder.error != nil)
        }
        let transport = TestTransport(for: Recording.Lines(recorder, limit: .max))
        transport.receive("a\r\n")
        #expect(recorder.texts == ["a"])
    }
}
