import EventReactorCore
import EventReactorProtocols
import EventReactorTLS
import EventReactorTesting
import Testing

/// A protocol that records its callbacks.
final class CallRecorder: Protocol {
    private(set) var calls: [String] = []
    private(set) var text = ""
    var onMade: (CallRecorder) throws -> Void = { _ in }
    var onData: (CallRecorder, [UInt8]) throws -> Void = { _, _ in }
    var onReadLost: (CallRecorder) -> Void = { $0.transport.loseConnection() }

    override func connectionMade() throws {
        calls.append("made")
        try onMade(self)
    }

    override func dataReceived(_ data: Span<UInt8>) throws {
        calls.append("data")
        text += String(decoding: data, as: UTF8.self)
        try onData(self, [UInt8](data))
    }

    override func readConnectionLost() {
        calls.append("end")
        onReadLost(self)
    }

    override func connectionLost(_ reason: ConnectionLostReason) { calls.append("lost") }
}

@Suite("Framing: protocols that take over, at odd moments")
struct SwitchingTests {
    @Test func eachOfAChainBeginsBeforeItsLoss() {
        let (first, second, third) = (CallRecorder(), CallRecorder(), CallRecorder())
        second.onMade = { $0.switchProtocol(to: third) }
        let transport = TestTransport(for: first)
        // In one turn, so that the loss comes before the second has begun.
        transport.reactor.callSoon { first.switchProtocol(to: second) }
        transport.reset()
        #expect(first.calls == ["made"])
        #expect(second.calls == ["made"])
        #expect(third.calls == ["made", "lost"])
    }

    @Test func theBeginningComesBeforeAnEndThatWaited() throws {
        // The bytes that look like a header's beginning are data; their end comes behind them.
        var settings = ProxySettings(trusting: AddressPrefix.everyone)
        settings.isRequired = false
        let (first, second) = (CallRecorder(), CallRecorder())
        first.onData = { first, _ in first.switchProtocol(to: second) }
        let transport = TestTransport(for: settings.reading { first })
        transport.receive("PRO")
        transport.receiveEnd()
        #expect(first.text == "PRO")
        #expect(second.calls == ["made", "end", "lost"])
    }

    @Test func bytesThatWaitBeforeTheEndAreNotLostByAHalfClose() {
        let recorder = FrameRecorder()
        let receiver = Recording.Lines(recorder)
        recorder.onFrame = { receiver, _ in receiver.transport.pauseReading() }
        let transport = TestTransport(for: receiver)
        transport.receive("a\r\nb\r\nc\r\n")
        transport.reactor.callSoon { receiver.transport.resumeReading() }
        transport.receiveEnd()
        #expect(recorder.texts == ["a", "b"])
        receiver.transport.write("bye")
        receiver.transport.loseWriteConnection()
        transport.advance(by: .seconds(1))
        receiver.transport.resumeReading()
        transport.advance(by: .seconds(1))
        #expect(recorder.texts == ["a", "b", "c"])
        #expect(transport.isClosed)
    }

    @Test func anEmptyFrameThatWaitsForAPauseComesWhenItEnds() {
        for framing in [Framing.bytes(0), .parts(of: 0)] {
            let recorder = FrameRecorder()
            let receiver = Recording.Mixed(recorder, .line())
            recorder.onFrame = { [unowned receiver] _, frame in
                if frame.isEmpty { return receiver.framing = .line() }
                receiver.framing = framing
                receiver.transport.pauseReading()
            }
            let transport = TestTransport(for: receiver)
            transport.receive("length 0\r\n")
            receiver.transport.resumeReading()
            transport.advance(by: .seconds(1))
            #expect(recorder.texts == ["length 0", ""])
        }
    }

    @Test func anEmptyFrameMayBeAskedForInEveryCallback() {
        final class Early: FramedProtocol {
            var frames: [[UInt8]] = []
            override func connectionMade() { framing = .bytes(0) }
            override func frameReceived(_ frame: Span<UInt8>) {
                frames.append([UInt8](frame))
                framing = .line()
            }
        }
        let receiver = Early()
        let transport = TestTransport(for: receiver)
        #expect(receiver.frames == [[]])
        transport.receive("a\r\n")
        #expect(receiver.frames == [[], Array("a".utf8)])
    }

    @Test func aBodyInPartsThatIsCutIsNoOrderlyEnd() {
        let recorder = FrameRecorder()
        let receiver = Recording.Mixed(recorder, .parts(of: 10))
        let transport = TestTransport(for: receiver)
        transport.receive("1234")
        transport.receiveEnd()
        #expect(transport.isClosed)
        #expect(recorder.error != nil, "\(String(describing: recorder.reason))")
    }

    @Test func aPartialLineIsRelayedWhenTheRelayBeginsOutsideACallback() throws {
        let reactor = SimulatedReactor(seed: 0)
        let recorder = FrameRecorder()
        let receiver = Recording.Lines(recorder)
        let front = TestTransport(for: receiver, on: reactor)
        let sink = CallRecorder()
        let back = TestTransport(for: sink, on: reactor)
        front.receive("CONNECT\r\npart")
        try receiver.transport.relay(to: sink.transport)
        front.receive("ial\r\n")
        #expect(back.writtenText == "partial\r\n")
        #expect(recorder.texts == ["CONNECT"])
    }

    @Test func aSwitchWhileARelayRunsGivesItsBytesToTheRelay() throws {
        let reactor = SimulatedReactor(seed: 0)
        let (first, second, sink) = (CallRecorder(), CallRecorder(), CallRecorder())
        let back = TestTransport(for: sink, on: reactor)
        first.onData = { first, data in
            try first.transport.relay(to: sink.transport)
            first.switchProtocol(to: second, unconsumed: data.span.extracting(droppingFirst: 1))
        }
        let front = TestTransport(for: first, on: reactor)
        front.receive("!rest")
        front.receive(" and more")
        front.receiveEnd()
        #expect(back.writtenText == "rest and more")
        #expect(second.calls.first == "made")
        #expect(second.text == "")
    }

    @Test func aFramerMayLookAhead() {
        /// Lines that end with CR, LF or CR LF: a CR is looked at with what is behind it.
        struct AnyLine: Framer {
            func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
                for index in bytes.indices where bytes[index] == 10 || bytes[index] == 13 {
                    if bytes[index] == 10 { return .frame(0..<index, consumed: index + 1) }
                    guard index + 1 < bytes.count else { return .needMore(scanned: 0, missing: 1) }
                    return .frame(0..<index, consumed: bytes[index + 1] == 10 ? index + 2 : index + 1)
                }
                return .needMore(scanned: 0, missing: 1)
            }
        }
        final class Receiver: Framed<AnyLine> {
            var lines: [String] = []
            var reason: ConnectionLostReason?
            override func frameReceived(_ frame: Span<UInt8>) { lines.append(String(decoding: frame, as: UTF8.self)) }
            override func connectionLost(_ reason: ConnectionLostReason) { self.reason = reason }
        }
        for size in [1, 2, 3, 4, 100] {
            let receiver = Receiver(AnyLine())
            let transport = TestTransport(for: receiver)
            let text = "a\rbc\r\nd\nef\rg\n"
            transport.receive(text, splitInto: Array(repeating: size, count: 20))
            #expect(receiver.lines == ["a", "bc", "d", "ef", "g"], "\(size): \(String(describing: receiver.reason))")
        }
    }

    @Test func aFramerMayLookFarAhead() {
        /// Frames of 2 bytes, each of which is known with 10 bytes behind it.
        struct Distant: Framer {
            func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
                bytes.count < 12 ? .needMore(scanned: 0, missing: 12 - bytes.count) : .frame(0..<2, consumed: 2)
            }
        }
        final class Receiver: Framed<Distant> {
            var frames: [String] = []
            override func frameReceived(_ frame: Span<UInt8>) {
                frames.append(String(decoding: frame, as: UTF8.self))
                if frames.count == 3 { transport.pauseReading() }
            }
        }
        for size in [1, 3, 5, 11, 12, 13, 100] {
            let receiver = Receiver(Distant())
            let transport = TestTransport(for: receiver)
            transport.receive("aabbccddeeffgghhiijj", splitInto: Array(repeating: size, count: 20))
            #expect(receiver.frames == ["aa", "bb", "cc"])
            receiver.transport.resumeReading()
            transport.advance(by: .zero)
            #expect(receiver.frames == ["aa", "bb", "cc", "dd", "ee"], "\(size)")
        }
    }

    @Test func aLongDelimiterIsFoundAtEverySplit() {
        let delimiter = (0..<300).map { UInt8($0 % 250) }
        for size in [1, 7, 266, 1000] {
            let recorder = FrameRecorder()
            let receiver = Recording.Delimited(recorder, delimiter, limit: 10)
            let transport = TestTransport(for: receiver)
            let bytes = Array("0123456789".utf8) + delimiter
            transport.receive(bytes, splitInto: Array(repeating: size, count: 400))
            #expect(recorder.texts == ["0123456789"], "\(size): \(String(describing: recorder.reason))")
        }
    }

    @Test func aReconnectingClientsSessionIsTheOneThatTookOver() throws {
        let reactor = SimulatedReactor(seed: 1)
        let second = CallRecorder()
        let port = try reactor.listen(.tcp(port: 0)) { CallRecorder() }
        let client = try ReconnectingClient(to: .tcp(host: "localhost", port: port.localAddress.port ?? 0), on: reactor)
        {
            let first = CallRecorder()
            first.onMade = { $0.switchProtocol(to: second) }
            return first
        }
        var connected: Protocol?
        client.onConnected = { connected = $0 }
        client.start()
        reactor.advance(by: .seconds(5))
        #expect(connected === second)
        #expect(client.session === second)
        client.stop()
        reactor.advance(by: .seconds(5))
    }
}
