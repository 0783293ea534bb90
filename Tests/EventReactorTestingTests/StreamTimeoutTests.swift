import EventReactorTesting
import Testing

/// Timeouts of a connection to the nanosecond, in virtual time.
@Suite struct StreamTimeoutTests {
    private let end = Recorder()

    private func transport(_ timeouts: StreamTimeouts, on reactor: SimulatedReactor? = nil) -> TestTransport {
        var options = StreamOptions()
        options.timeouts = timeouts
        return TestTransport(for: end, on: reactor, options: options)
    }

    /// Lets all but a nanosecond pass, checks that the connection stands, and then lets it pass.
    private func expectEnd(
        of transport: TestTransport, after time: Duration, by timeout: StreamTimeout,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        transport.advance(by: time - .nanoseconds(1))
        #expect(end.reason == nil, "too early", sourceLocation: sourceLocation)
        transport.advance(by: .nanoseconds(1))
        guard case .timedOut = end.reason else {
            Issue.record("ended by \(String(describing: end.reason))", sourceLocation: sourceLocation)
            return
        }
        #expect(end.transport.expiredTimeout == timeout, sourceLocation: sourceLocation)
        #expect(end.calls.firstIndex(of: "lost") == end.calls.count - 1, sourceLocation: sourceLocation)
    }

    private func expectNoEnd(of transport: TestTransport) {
        transport.advance(by: .seconds(100_000))
        #expect(end.reason == nil)
        #expect(end.transport.expiredTimeout == nil)
    }

    // MARK: Idle

    @Test func idleEndsWhereNothingIsReceivedOrSent() {
        let transport = transport(.init(idle: .seconds(60)))
        expectEnd(of: transport, after: .seconds(60), by: .idle)
        #expect(!transport.wasReset)
    }

    @Test func idleBeginsAnewWithWhatIsReceivedAndWithWhatIsSent() {
        let transport = transport(.init(idle: .seconds(60)))
        for _ in 0..<100 {
            transport.advance(by: .seconds(59))
            transport.receive("x")
            transport.advance(by: .seconds(59))
            end.transport.write("y")
        }
        expectEnd(of: transport, after: .seconds(60), by: .idle)
        #expect(transport.written.count == 100)
    }

    @Test func whatWaitsIsNotSentAndWhatIsTakenIs() {
        let transport = transport(.init(idle: .seconds(60)))
        transport.stopTaking()
        end.transport.write("0123456789")
        for _ in 0..<3 {
            transport.advance(by: .seconds(50))
            transport.take(2)
        }
        transport.advance(by: .seconds(50))
        // More that waits is no activity either.
        end.transport.write("more")
        expectEnd(of: transport, after: .seconds(10), by: .idle)
        #expect(transport.wasReset)
    }

    @Test func idleCountsWhileReadingIsPaused() {
        let transport = transport(.init(idle: .seconds(60)))
        end.transport.pauseReading()
        transport.advance(by: .seconds(30))
        transport.receive("unread")
        end.transport.resumeReading()
        end.transport.pauseReading()
        expectEnd(of: transport, after: .seconds(30), by: .idle)
    }

    @Test func whatIsWrittenAsTheTimeEndsSavesTheConnection() {
        let end = self.end
        let reactor = SimulatedReactor(seed: 0)
        // Of two timers of one instant the one that was set first comes first.
        reactor.callLater(.seconds(60)) { end.transport.write("just in time") }
        let transport = transport(.init(idle: .seconds(60)), on: reactor)
        transport.advance(by: .seconds(60))
        #expect(end.reason == nil)
        expectEnd(of: transport, after: .seconds(60), by: .idle)
        #expect(transport.writtenText == "just in time")
    }

    // MARK: Read

    @Test func readCountsWhatIsReceivedAlone() {
        let transport = transport(.init(read: .seconds(60)))
        transport.advance(by: .seconds(20))
        transport.receive("x")
        transport.advance(by: .seconds(30))
        end.transport.write("y")
        expectEnd(of: transport, after: .seconds(30), by: .read)
    }

    @Test func readWaitsWhileReadingIsPausedAndBeginsAnewAfterwards() {
        let transport = transport(.init(read: .seconds(60)))
        transport.advance(by: .seconds(59))
        end.transport.pauseReading()
        transport.advance(by: .seconds(5000))
        #expect(end.reason == nil)
        end.transport.resumeReading()
        expectEnd(of: transport, after: .seconds(60), by: .read)
    }

    @Test func readEndsWithThePeersSide() {
        end.closesWithPeer = false
        let transport = transport(.init(read: .seconds(60), firstByte: .seconds(60)))
        transport.receiveEnd()
        expectNoEnd(of: transport)
    }

    // MARK: The first byte

    @Test func theFirstByteHasToComeInTime() {
        let transport = transport(.init(firstByte: .seconds(10)))
        end.transport.write("does not count")
        expectEnd(of: transport, after: .seconds(10), by: .firstByte)
    }

    @Test func afterTheFirstByteThePeerMayTakeItsTime() {
        let transport = transport(.init(firstByte: .seconds(10)))
        transport.advance(by: .seconds(9))
        transport.receive("x")
        expectNoEnd(of: transport)
    }

    // MARK: Write

    @Test func writeEndsWhereNothingIsTaken() {
        let transport = transport(.init(write: .seconds(30)))
        transport.advance(by: .seconds(1000))
        transport.stopTaking()
        end.transport.write("0123456789")
        transport.advance(by: .seconds(20))
        transport.take(1)
        transport.advance(by: .seconds(20))
        transport.receive("does not count")
        expectEnd(of: transport, after: .seconds(10), by: .write)
        #expect(transport.wasReset)
    }

    @Test func writeCountsFromWhenBytesBeginToWait() {
        let transport = transport(.init(write: .seconds(30)))
        for _ in 0..<5 {
            transport.stopTaking()
            end.transport.write("x")
            transport.advance(by: .seconds(29))
            transport.resumeTaking()
            transport.advance(by: .seconds(7))
        }
        transport.stopTaking()
        end.transport.write("x")
        expectEnd(of: transport, after: .seconds(30), by: .write)
    }

    // MARK: Rates

    private let hundredInTen = TransferRate(bytes: 100, per: .seconds(10), grace: .seconds(5))

    @Test func aPeerThatTricklesIsTooSlowAlthoughItIsNeverIdle() {
        let transport = transport(.init(idle: .seconds(3), minimumReadRate: hundredInTen))
        for _ in 0..<14 {
            transport.advance(by: .seconds(1))
            transport.receive("x")
        }
        expectEnd(of: transport, after: .seconds(1), by: .minimumReadRate)
    }

    @Test func aPeerThatSendsEnoughInEachPeriodMayGoOn() {
        let transport = transport(.init(minimumReadRate: hundredInTen))
        transport.advance(by: .seconds(5))
        for _ in 0..<50 {
            transport.advance(by: .seconds(9))
            transport.receive([UInt8](repeating: 0, count: 100))
            transport.advance(by: .seconds(1))
        }
        transport.receive([UInt8](repeating: 0, count: 99))
        expectEnd(of: transport, after: .seconds(10), by: .minimumReadRate)
    }

    @Test func aPauseStopsThePeriodAndDoesNotBeginAnother() {
        let transport = transport(.init(minimumReadRate: hundredInTen))
        // Who answers each byte by a pause is not held up by bytes for ever.
        for _ in 0..<14 {
            transport.advance(by: .seconds(1))
            transport.receive("x")
            end.transport.pauseReading()
            transport.advance(by: .seconds(100))
            end.transport.resumeReading()
        }
        expectEnd(of: transport, after: .seconds(1), by: .minimumReadRate)
    }

    @Test func aReaderThatTricklesIsTooSlow() {
        let transport = transport(.init(write: .seconds(3), minimumWriteRate: hundredInTen))
        transport.advance(by: .seconds(1000))
        transport.stopTaking()
        end.transport.write([UInt8](repeating: 0, count: 1000))
        for _ in 0..<14 {
            transport.advance(by: .seconds(1))
            transport.take(2)
        }
        expectEnd(of: transport, after: .seconds(1), by: .minimumWriteRate)
        #expect(transport.wasReset)
    }

    @Test func aReaderThatNowAndThenTakesAllIsNotLeftAloneForThat() {
        let transport = transport(.init(minimumWriteRate: hundredInTen))
        // Bytes wait for a second, and are then taken; for a hundred none wait.
        for _ in 0..<14 {
            transport.stopTaking()
            end.transport.write("xx")
            transport.advance(by: .seconds(1))
            transport.resumeTaking()
            transport.advance(by: .seconds(100))
        }
        transport.stopTaking()
        end.transport.write("xx")
        expectEnd(of: transport, after: .seconds(1), by: .minimumWriteRate)
    }

    @Test func aReaderThatTakesEnoughInEachPeriodMayGoOn() {
        let transport = transport(.init(minimumWriteRate: hundredInTen))
        transport.stopTaking()
        end.transport.write([UInt8](repeating: 0, count: 10_000))
        transport.advance(by: .seconds(5))
        for _ in 0..<50 {
            transport.take(100)
            transport.advance(by: .seconds(10))
        }
        #expect(end.reason == nil)
        transport.resumeTaking()
        expectNoEnd(of: transport)
    }

    // MARK: Setting and ending

    @Test func timeoutsAreSetAnewAtAnyMoment() {
        let transport = transport(.init(idle: .seconds(60)))
        transport.advance(by: .seconds(59))
        end.transport.setTimeouts(.init(firstByte: .seconds(10)))
        transport.advance(by: .seconds(9))
        transport.receive("request")
        end.transport.setTimeouts(.none)
        transport.advance(by: .seconds(100_000))
        end.transport.setTimeouts(.init(idle: .seconds(5)))
        expectEnd(of: transport, after: .seconds(5), by: .idle)
        end.transport.setTimeouts(.init(idle: .seconds(1)))
        transport.advance(by: .seconds(10))
    }

    @Test func connectionMadeMaySetThem() {
        end.onMade = { $0.transport.setTimeouts(.init(idle: .seconds(5))) }
        let transport = transport(.init(idle: .seconds(1)))
        expectEnd(of: transport, after: .seconds(5), by: .idle)
    }

    @Test func theNearestOfSeveralIsTheOne() {
        let transport = transport(
            .init(idle: .seconds(60), read: .seconds(50), write: .seconds(1), firstByte: .seconds(10)))
        transport.advance(by: .seconds(5))
        transport.receive("x")
        transport.advance(by: .seconds(49))
        end.transport.write("y")
        expectEnd(of: transport, after: .seconds(1), by: .read)
    }

    @Test func whileClosingOnlyWhatWaitsCounts() {
        let transport = transport(.init(read: .seconds(10), write: .seconds(30)))
        transport.stopTaking()
        end.transport.write("last words")
        end.transport.loseConnection()
        transport.advance(by: .seconds(20))
        transport.take(1)
        expectEnd(of: transport, after: .seconds(30), by: .write)
    }

    @Test func theDeadlineOfACloseTellsThatItWasThat() {
        let transport = transport(.init(idle: .seconds(60)))
        transport.stopTaking()
        end.transport.write("last words")
        end.transport.loseConnection(within: .seconds(2))
        expectEnd(of: transport, after: .seconds(2), by: .close)
    }

    @Test func whatFailedInTheSameTurnIsTheReason() {
        let end = self.end
        let reactor = SimulatedReactor(seed: 0)
        reactor.callLater(.seconds(60)) { end.transport.abortConnection() }
        let transport = transport(.init(idle: .seconds(60)), on: reactor)
        transport.advance(by: .seconds(60))
        guard case .aborted = end.reason else { return unexpectedReason() }
        #expect(end.transport.expiredTimeout == nil)
    }

    private func unexpectedReason() {
        Issue.record("ended by \(String(describing: end.reason))")
    }

    @Test func timeoutsThatAreNothingEndTheConnectionAtOnceAndNotInsideACall() {
        let end = self.end
        end.onMade = { recorder in
            recorder.transport.setTimeouts(.init(idle: .zero))
            #expect(recorder.calls == ["made"])
        }
        let transport = transport(.none)
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
