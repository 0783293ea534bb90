import EventReactorCore
import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("Framing: what can be no frame")
struct BadFrameTests {
    private func error(of receiver: (FrameRecorder) -> Protocol, _ bytes: [UInt8]) -> FramingError? {
        let recorder = FrameRecorder()
        let transport = TestTransport(for: receiver(recorder))
        transport.receive(bytes, oneByteAtATime: true)
        #expect(recorder.frames.isEmpty)
        return recorder.error
    }

    @Test(arguments: [
        ("x:", "not a number"), ("-1:", "not a number"), (" 1:", "not a number"), ("01:a,", "leading zero"),
        ("00:,", "leading zero"), (":,", "no length"), ("1:ab", "comma"), ("0:x", "comma"),
    ])
    func aBadNetstringIsRefusedAsSoonAsItShows(_ text: String, _ reason: String) {
        guard case .malformed(let message)? = error(of: { Recording.Netstrings($0) }, Array(text.utf8)) else {
            Issue.record("\(text) is taken")
            return
        }
        #expect(message.contains(reason))
    }

    @Test func aLengthOfManyDigitsIsRefusedAtTheLimit() {
        let error = error(of: { Recording.Netstrings($0) }, Array(repeating: UInt8(ascii: "9"), count: 1000))
        #expect(error == .tooLong(byteCount: 999_999, limit: 99_999, setting: "NetstringReceiver.limit"))
    }

    @Test func aLengthOf64BitsIsRefusedAndNotReserved() {
        let bytes = [UInt8](repeating: 255, count: 8)
        #expect(
            error(of: { Recording.Prefixed($0, .uint64, limit: .max) }, bytes)
                == .tooLong(byteCount: .max, limit: .max - 16, setting: "LengthPrefixedReceiver.limit"))
        #expect(
            error(of: { Recording.Prefixed($0, .uint32) }, Array(bytes.prefix(4)))
                == .tooLong(byteCount: 1 << 32 - 1, limit: 1 << 20, setting: "LengthPrefixedReceiver.limit"))
    }

    @Test func aVarintOfMoreThan64BitsIsRefused() {
        for bytes in [[UInt8](repeating: 128, count: 20), [UInt8](repeating: 255, count: 9) + [2]] {
            let error = error(of: { Recording.Prefixed($0, .varint) }, bytes)
            #expect(error == .malformed("a varint of more than 64 bits"))
        }
    }

    @Test func aFrameThatItsPrefixCannotHoldIsNotSent() throws {
        let recorder = FrameRecorder()
        let receiver = Recording.Prefixed(recorder, .uint8)
        let transport = TestTransport(for: receiver)
        #expect(throws: FramingError.tooLong(byteCount: 256, limit: 255, setting: "LengthPrefix")) {
            try receiver.sendFrame([UInt8](repeating: 1, count: 256))
        }
        try receiver.sendFrame([UInt8](repeating: 1, count: 255))
        #expect(transport.takeWritten() == [255] + [UInt8](repeating: 1, count: 255))
    }

    @Test func aFramerThatConsumesNothingDoesNotSpin() {
        struct Stuck: Framer {
            func next(in bytes: Span<UInt8>, scanned: Int) -> FrameStep { .frame(0..<0, consumed: 0) }
        }
        final class Receiver: Framed<Stuck> {
            var reason: ConnectionLostReason?
            override func connectionLost(_ reason: ConnectionLostReason) { self.reason = reason }
        }
        let receiver = Receiver(Stuck())
        TestTransport(for: receiver).receive("bytes")
        guard case .failed(is FramingError)? = receiver.reason else {
            Issue.record("\(String(describing: receiver.reason))")
            return
        }
    }
}
