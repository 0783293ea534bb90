import EventReactorCore
import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("Framing: a framing that changes at each frame")
struct FramedProtocolTests {
    /// Lines that say how the next frame is written.
    private final class Commands: FramedProtocol {
        var frames: [String] = []
        var parts: [String] = []

        override func frameReceived(_ frame: Span<UInt8>) {
            let text = String(decoding: frame, as: UTF8.self)
            frames.append(text)
            switch text.split(separator: " ").first {
            case "bytes": framing = .bytes(Int(text.dropFirst(6)) ?? 0)
            case "parts": framing = .parts(of: Int(text.dropFirst(6)) ?? 0)
            case "netstring": framing = .netstring()
            case "varint": framing = .lengthPrefixed(.varint)
            case "until": framing = .until(Array("--".utf8))
            case "raw": framing = .raw
            default: framing = .line()
            }
        }

        override func partReceived(_ part: Span<UInt8>, remaining: Int?) {
            if remaining == 0 { framing = .line() }
            if let last = parts.popLast() { parts.append(last + String(decoding: part, as: UTF8.self)) }
            if parts.isEmpty { parts.append(String(decoding: part, as: UTF8.self)) }
        }
    }

    private static let text =
        "bytes 5\r\nab\r\ncnetstring\r\n3:xyz,varint\r\n\u{4}vwxyuntil\r\na-b--parts 6\r\n123456bytes 0\r\nraw\r\nend\r\n"
    private static let frames = [
        "bytes 5", "ab\r\nc", "netstring", "xyz", "varint", "vwxy", "until", "a-b", "parts 6", "bytes 0", "", "raw",
    ]

    @Test func framesAreTheSameAtEverySplit() {
        for split in 0...FramedProtocolTests.text.utf8.count {
            let receiver = Commands()
            let transport = TestTransport(for: receiver)
            transport.receive(FramedProtocolTests.text, splitInto: [split])
            #expect(receiver.frames == FramedProtocolTests.frames, "split at \(split)")
            #expect(receiver.parts == ["123456end\r\n"])
        }
        let receiver = Commands()
        TestTransport(for: receiver).receive(FramedProtocolTests.text, oneByteAtATime: true)
        #expect(receiver.frames == FramedProtocolTests.frames)
    }

    @Test func partsAreDeliveredAsTheyArriveWithWhatIsLeft() {
        let recorder = FrameRecorder()
        let receiver = Recording.Mixed(recorder, .parts(of: 10))
        let transport = TestTransport(for: receiver)
        transport.receive("1234")
        transport.receive("567")
        transport.receive("890")
        #expect(recorder.texts == ["1234", "567", "890"])
        #expect(receiver.remaining == [6, 3, 0])
        // The framing had to be set with the last part.
        transport.receive("x")
        #expect(recorder.error != nil)
    }

    @Test func anEmptyFrameIsDeliveredWithoutAnotherByte() {
        for framing in [Framing.bytes(0), .bytes(-5), .parts(of: 0)] {
            let recorder = FrameRecorder()
            let receiver = Recording.Mixed(recorder, .line())
            recorder.onFrame = { [unowned receiver] _, frame in receiver.framing = frame.isEmpty ? .line() : framing }
            let transport = TestTransport(for: receiver)
            transport.receive("head\r\n")
            #expect(recorder.texts == ["head", ""])
            transport.receive("next\r\n")
            #expect(recorder.texts == ["head", "", "next", ""])
        }
    }

    @Test func anEmptyFrameThatSetsNoFramingDoesNotSpin() {
        let recorder = FrameRecorder()
        let transport = TestTransport(for: Recording.Mixed(recorder, .bytes(0)))
        transport.receive("x")
        #expect(recorder.texts == [""])
        #expect(recorder.error != nil)
    }

    @Test func aPartialFrameIsDividedAnewByAFramingThatIsSetOutsideACallback() {
        let recorder = FrameRecorder()
        let receiver = Recording.Mixed(recorder, .line())
        let transport = TestTransport(for: receiver)
        transport.receive("3:ab")
        receiver.framing = .netstring()
        transport.receive("c,")
        #expect(recorder.texts == ["abc"])
    }
}
