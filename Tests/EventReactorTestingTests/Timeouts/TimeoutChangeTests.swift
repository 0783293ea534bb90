import EventReactorTesting
import Testing

/// Timeouts that are set, replaced and ended while a connection lasts, in virtual time.
@Suite struct TimeoutChangeTests {
    private let end = Recorder()

    @Test func timeoutsAreSetAnewAtAnyMoment() {
        let transport = end.makeTransport(.init(idle: .seconds(60)))
        transport.advance(by: .seconds(59))
        end.transport.setTimeouts(.init(firstByte: .seconds(10)))
        transport.advance(by: .seconds(9))
        transport.receive("request")
        end.transport.setTimeouts(.none)
        transport.advance(by: .seconds(100_000))
        end.transport.setTimeouts(.init(idle: .seconds(5)))
        end.expectEnd(of: transport, after: .seconds(5), by: .idle)
        end.transport.setTimeouts(.init(idle: .seconds(1)))
        transport.advance(by: .seconds(10))
    }

    @Test func connectionMadeMaySetThem() {
        end.onMade = { $0.transport.setTimeouts(.init(idle: .seconds(5))) }
        let transport = end.makeTransport(.init(idle: .seconds(1)))
        end.expectEnd(of: transport, after: .seconds(5), by: .idle)
    }

    @Test func theNearestOfSeveralIsTheOne() {
        let transport = end.makeTransport(
            .init(idle: .seconds(60), read: .seconds(50), write: .seconds(1), firstByte: .seconds(10)))
        transport.advance(by: .seconds(5))
        transport.receive("x")
        transport.advance(by: .seconds(49))
        end.transport.write("y")
        end.expectEnd(of: transport, after: .seconds(1), by: .read)
    }

    @Test func whileClosingOnlyWhatWaitsCounts() {
        let transport = end.makeTransport(.init(read: .seconds(10), write: .seconds(30)))
        transport.stopTaking()
        end.transport.write("last words")
        end.transport.loseConnection()
        transport.advance(by: .seconds(20))
        transport.take(1)
        end.expectEnd(of: transport, after: .seconds(30), by: .write)
    }

    @Test func theDeadlineOfACloseTellsThatItWasThat() {
        let transport = end.makeTransport(.init(idle: .seconds(60)))
        transport.stopTaking()
        end.transport.write("last words")
        end.transport.loseConnection(within: .seconds(2))
        end.expectEnd(of: transport, after: .seconds(2), by: .close)
    }

    @Test func whatFailedInTheSameTurnIsTheReason() {
        let end = self.end
        let reactor = SimulatedReactor(seed: 0)
        reactor.callLater(.seconds(60)) { end.transport.abortConnection() }
        let transport = end.makeTransport(.init(idle: .seconds(60)), on: reactor)
        transport.advance(by: .seconds(60))
        guard case .aborted = end.reason else {
            Issue.record("ended by \(String(describing: end.reason))")
            return
        }
        #expect(end.transport.expiredTimeout == nil)
    }

    @Test func timeoutsThatAreNothingEndTheConnectionAtOnceAndNotInsideACall() {
        let end = self.end
        end.onMade = { recorder in
            recorder.transport.setTimeouts(.init(idle: .zero))
            #expect(recorder.calls == ["made"])
        }
        let transport = end.makeTransport(.none)
        transport.advance(by: .nanoseconds(1))
        #expect(end.calls == ["made", "lost"])
    }

    @Test func whatIsLeftOfAConnectionThatEndedWakesNobody() {
        let network = SimulatedNetwork(seed: 1)
        let host = network.host("host")
        let pair = Recorder()
        var options = StreamOptions()
        options.timeouts.idle = .seconds(1000)
        let transport = TestTransport(for: pair, on: host, options: options)
        pair.transport.loseConnection()
        transport.advance(by: .zero)
        #expect(transport.isClosed)
        let before = host.now
        network.runUntilIdle()
        #expect(before.duration(to: host.now) < .seconds(1000))
    }
}
