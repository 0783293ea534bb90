import EventReactor
import EventReactorTesting
import Testing

extension Parameter {
    /// `TestTransport`.
    static let testTransports: [Parameter] = [
        transport("receive(splitInto:)", Values.integers) { $0.receive("abcdef", splitInto: [$1, 1, $1]) },
        transport("take", Values.integers) {
            $0.stopTaking()
            $0.receive("abcdef")
            $0.take($1)
            #expect($0.written.count == min(6, max(0, $1)))
            $0.resumeTaking()
        },
        transport("advance(by:)", Values.durations) {
            $0.advance(by: $1)
            $0.receive("abcdef")
            #expect($0.writtenText == "abcdef")
            for other in Values.durations { $0.advance(by: other) }
            $0.receive("ghi")
            #expect($0.writtenText == "abcdefghi")
        },
        Parameter(plain: "TestTransport.reset(code:)", [.min, -1, 0, 1, 104, .max] as [Int32]) { code in
            let transport = TestTransport(for: Echo())
            transport.reset(code: code)
            #expect(transport.isClosed)
        },
        options("writeBufferHighMark", Values.integers) { $0.writeBufferHighMark = $1 },
        options("writeBufferLowMark", Values.integers) { $0.writeBufferLowMark = $1 },
        options("writeBufferLimit", Values.optionalIntegers) { $0.writeBufferLimit = $1 },
        options("closeDeadline", Values.optionalDurations) { $0.closeDeadline = $1 },
        options("rateLimit", Values.integers) { $0.rateLimit = RateLimit(readRate: $1, writeRate: $1, burst: $1) },
        options("timeouts", Values.durations) {
            let rate = TransferRate(bytes: 1, per: $1, grace: $1)
            $0.timeouts = StreamTimeouts(
                idle: $1, read: $1, write: $1, firstByte: $1, minimumReadRate: rate, minimumWriteRate: rate)
        },
    ]

    private static func transport<Value: Sendable>(
        _ name: String, _ values: [Value], _ body: @escaping @Sendable (TestTransport, Value) -> Void
    ) -> Parameter {
        Parameter(plain: "TestTransport.\(name)", values) { value in
            let transport = TestTransport(for: Echo())
            body(transport, value)
            transport.receiveEnd()
            #expect(transport.isClosed)
        }
    }

    /// An option under which bytes are received, sent, and wait in the write queue.
    private static func options<Value: Sendable>(
        _ name: String, _ values: [Value], _ set: @escaping @Sendable (inout StreamOptions, Value) -> Void
    ) -> Parameter {
        Parameter(plain: "TestTransport, StreamOptions.\(name)", values) { value in
            var options = StreamOptions()
            set(&options, value)
            let transport = TestTransport(for: Echo(), options: options)
            transport.receive([UInt8](repeating: 1, count: 100))
            transport.stopTaking()
            transport.receive([UInt8](repeating: 1, count: 100))
            transport.advance(by: .seconds(1))
            transport.take(10)
            transport.resumeTaking()
            transport.receiveEnd()
            for time in Values.durations { transport.advance(by: time) }
            #expect(transport.isClosed)
        }
    }
}

private final class Echo: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }
}
