import EventReactorTesting
import Testing

extension Recorder {
    /// A transport that is this protocol's, with timeouts.
    func makeTransport(_ timeouts: StreamTimeouts, on reactor: SimulatedReactor? = nil) -> TestTransport {
        var options = StreamOptions()
        options.timeouts = timeouts
        return TestTransport(for: self, on: reactor, options: options)
    }

    /// Lets all but a nanosecond of a time pass, checks that the connection has not ended, and then lets it pass.
    func expectEnd(
        of transport: TestTransport, after time: Duration, by timeout: StreamTimeout,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        transport.advance(by: time - .nanoseconds(1))
        #expect(reason == nil, "too early", sourceLocation: sourceLocation)
        transport.advance(by: .nanoseconds(1))
        guard case .timedOut = reason else {
            Issue.record("ended by \(String(describing: reason))", sourceLocation: sourceLocation)
            return
        }
        #expect(self.transport.expiredTimeout == timeout, sourceLocation: sourceLocation)
        #expect(calls.firstIndex(of: "lost") == calls.count - 1, sourceLocation: sourceLocation)
    }

    func expectNoEnd(of transport: TestTransport) {
        transport.advance(by: .seconds(100_000))
        #expect(reason == nil)
        #expect(self.transport.expiredTimeout == nil)
    }
}
