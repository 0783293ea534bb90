import EventReactorProtocols
import Testing

@Suite("Framing: errors in words")
struct FramingErrorTests {
    @Test func anErrorNamesItsLimitAndItsSetting() {
        let error = FramingError.tooLong(byteCount: 70_000, limit: 65_536, setting: "LineReceiver.limit")
        #expect("\(error)" == "a frame of 70000 bytes is longer than LineReceiver.limit, 65536 bytes")
    }
}
