import EventReactorCore
import EventReactorProtocols
import EventReactorTLS
import EventReactorTesting
import Testing

@Suite("Framing: a switch and TLS in one callback")
struct SwitchingAndTLSTests {
    /// The number of TLS records in what was written.
    private func recordCount(_ bytes: [UInt8]) -> Int {
        var count = 0
        var index = 0
        while index + 5 <= bytes.count {
            count += 1
            index += 5 + Int(bytes[index + 3]) << 8 + Int(bytes[index + 4])
        }
        return count
    }

    @Test func tlsDoesNotStartBehindASwitchBeforeTheNextOneHasBegun() throws {
        let (first, second) = (CallRecorder(), CallRecorder())
        let context = try TLSClientContext()
        first.onData = { first, _ in
            first.switchProtocol(to: second)
            for transport in [first.transport, second.transport] {
                #expect(throws: TLSError.notOpen) { try transport.startTLS(context, serverName: "example.com") }
            }
        }
        second.onMade = { try $0.transport.startTLS(context, serverName: "example.com") }
        let transport = TestTransport(for: first)
        transport.receive("go")
        #expect(second.calls == ["made"])
        #expect(recordCount(transport.written) == 1)
        #expect(!transport.isClosed)
    }

    @Test func aSwitchBehindTheStartOfTLSBegins() throws {
        let (first, second) = (CallRecorder(), CallRecorder())
        let context = try TLSClientContext()
        first.onData = { first, _ in
            try first.transport.startTLS(context, serverName: "example.com")
            first.switchProtocol(to: second)
        }
        let transport = TestTransport(for: first)
        transport.receive("go")
        #expect(recordCount(transport.written) == 1)
        #expect(second.calls == ["made"])
        transport.reset()
        #expect(first.calls == ["made", "data"])
        #expect(second.calls == ["made", "lost"])
    }

    @Test func theOneThatStartsTLSLivesUntilItsCallbackHasReturned() throws {
        final class Log { var events: [String] = [] }
        final class Starter: Protocol {
            let log: Log
            let context: TLSClientContext
            init(_ log: Log, _ context: TLSClientContext) {
                self.log = log
                self.context = context
            }
            deinit { log.events.append("released") }
            override func dataReceived(_ data: Span<UInt8>) throws {
                let log = log
                try transport.startTLS(context, serverName: "example.com", continuingAs: CallRecorder())
                log.events.append("returned")
            }
        }
        let log = Log()
        let transport = TestTransport(for: Starter(log, try TLSClientContext()))
        transport.receive("go")
        #expect(log.events == ["returned", "released"])
    }

    @Test func aFramedReceiverThatStartsTLSLivesUntilItsCallbackHasReturned() throws {
        final class Log { var events: [String] = [] }
        final class Starter: LineReceiver {
            let log: Log
            let context: TLSClientContext
            init(_ log: Log, _ context: TLSClientContext) {
                self.log = log
                self.context = context
                super.init()
            }
            deinit { log.events.append("released") }
            override func lineReceived(_ line: Span<UInt8>) throws {
                let log = log
                try transport.startTLS(context, serverName: "example.com", continuingAs: CallRecorder())
                log.events.append("returned")
            }
        }
        let log = Log()
        let transport = TestTransport(for: Starter(log, try TLSClientContext()))
        transport.receive("STARTTLS\r\n")
        #expect(log.events == ["returned", "released"])
    }
}
