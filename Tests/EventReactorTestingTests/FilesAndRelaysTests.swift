import EventReactorTesting
import Glibc
import Testing

@Suite("Files and relays over test transports")
struct FilesAndRelaysTests {
    /// Answers every request by a head, a file and a tail.
    private final class FileSender: Protocol {
        let path: String
        private(set) var results: [Result<Int, FileError>] = []

        init(_ path: String) {
            self.path = path
        }

        override func dataReceived(_ data: Span<UInt8>) throws {
            transport.write("head\n")
            try transport.sendFile(path: path) { [unowned self] in results.append($0) }
            transport.write("tail\n")
        }
    }

    private static func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        var name = Array("/tmp/swift-event-reactor-test-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&name)
        try #require(descriptor >= 0)
        let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            _ = close(descriptor)
            _ = unsafe unlink(path)
        }
        let bytes = [UInt8](text.utf8)
        #expect(unsafe write(descriptor, bytes, bytes.count) == bytes.count)
        try body(path)
    }

    @Test func aFileIsWrittenInItsPlace() throws {
        try FilesAndRelaysTests.withFile("content\n") { path in
            let sender = FileSender(path)
            let transport = TestTransport(for: sender)
            transport.receive("go")
            #expect(transport.takeWrittenText() == "head\ncontent\ntail\n")
            #expect((try? sender.results.first?.get()) == 8)
        }
    }

    @Test func aPeerThatTakesNothingHoldsTheFileBack() throws {
        let text = String(repeating: "0123456789", count: 50_000)
        try FilesAndRelaysTests.withFile(text) { path in
            let sender = FileSender(path)
            let transport = TestTransport(for: sender)
            transport.stopTaking()
            transport.receive("go")
            #expect(sender.results.isEmpty)
            #expect(transport.waitingByteCount <= 64 * 1024)
            transport.take(100_000)
            #expect(transport.waitingByteCount <= 128 * 1024 && sender.results.isEmpty)
            transport.reset()
            guard case .failure(.lost)? = sender.results.first, sender.results.count == 1 else {
                Issue.record("other results: \(sender.results)")
                return
            }
        }
    }

    @Test func whatOneTransportReceivesTheOtherWrites() throws {
        let (left, right) = (Protocol(), Protocol())
        let leftSide = TestTransport(for: left)
        let rightSide = TestTransport(for: right, on: leftSide.reactor)
        var endings = 0
        right.transport.write("first ")
        try left.transport.relay(to: right.transport) { count, _ in
            #expect(count == 10)
            endings += 1
        }
        rightSide.stopTaking()
        leftSide.receive("01234")
        leftSide.receive("56789", oneByteAtATime: true)
        leftSide.receiveEnd()
        rightSide.resumeTaking()
        #expect(rightSide.takeWrittenText() == "first 0123456789")
        #expect(rightSide.hasEnded && !rightSide.isClosed && !leftSide.isClosed && endings == 1)
        rightSide.reset()
        #expect(rightSide.isClosed && !leftSide.isClosed)
    }

    @Test func aResetOfOneResetsTheOther() throws {
        let (left, right) = (Protocol(), Protocol())
        let leftSide = TestTransport(for: left)
        let rightSide = TestTransport(for: right, on: leftSide.reactor)
        try left.transport.relay(to: right.transport)
        leftSide.reset()
        #expect(rightSide.isClosed && rightSide.wasReset)
    }
}
