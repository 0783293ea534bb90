import EventReactorTesting
import Testing

/// Timeouts of a connection to the nanosecond, in virtual time.
@Suite struct StreamTimeoutTests {
    private let end = Recorder()

    // MARK: Idle

    @Test func idleEndsWhereNothingIsReceivedOrSent() {
        let transport = end.makeTransport(.init(idle: .seconds(60)))
        end.expectEnd(of: transport, after: .seconds(60), by: .idle)
        #expect(!transport.wasReset)
    }

    @Test func idleBeginsAnewWithWhatIsReceivedAndWithWhatIsSent() {
        let transport = end.makeTransport(.init(idle: .seconds(60)))
        for _ in 0..<100 {
            transport.advance(by: .seconds(59))
            transport.receive("x")
            transport.advance(by: .seconds(59))
            end.transport.write("y")
        }
        end.expectEnd(of: transport, after: .seconds(60), by: .idle)
        #expect(transport.written.count == 100)
    }

    @Test func whatWaitsIsNotSentAndWhatIsTakenIs() {
        let transport = end.makeTransport(.init(idle: .seconds(60)))
        transport.stopTaking()
        end.transport.write("0123456789")
        for _ in 0..<3 {
            transport.advance(by: .seconds(50))
            transport.take(2)
        }
        transport.advance(by: .seconds(50))
        // More bytes in the write queue are no activity either.
        end.transport.write("more")
        end.expectEnd(of: transport, after: .seconds(10), by: .idle)
        #expect(transport.wasReset)
    }

    @Test func idleCountsWhileReadingIsPaused() {
        let transport = end.makeTransport(.init(idle: .seconds(60)))
        end.transport.pauseReading()
        transport.advance(by: .seconds(30))
        transport.receive("unread")
        end.transport.resumeReading()
        end.transport.pauseReading()
        end.expectEnd(of: transport, after: .seconds(30), by: .idle)
    }

    @Test func whatIsWrittenAsTheTimeEndsSavesTheConnection() {
        let end = self.end
        let reactor = SimulatedReactor(seed: 0)
        // Of two timers of one instant, the one that was set first fires first.
        reactor.callLater(.seconds(60)) { end.transport.write("just in time") }
        let transport = end.makeTransport(.init(idle: .seconds(60)), on: reactor)
        transport.advance(by: .seconds(60))
        #expect(end.reason == nil)
        end.expectEnd(of: transport, after: .seconds(60), by: .idle)
        #expect(transport.writtenText == "just in time")
    }

    // MARK: Read

    @Test func readCountsWhatIsReceivedAlone() {
        let transport = end.makeTransport(.init(read: .seconds(60)))
        transport.advance(by: .seconds(20))
        transport.receive("x")
        transport.advance(by: .seconds(30))
        end.transport.write("y")
        end.expectEnd(of: transport, after: .seconds(30), by: .read)
    }

    @Test func readWaitsWhileReadingIsPausedAndBeginsAnewAfterwards() {
        let transport = end.makeTransport(.init(read: .seconds(60)))
        transport.advance(by: .seconds(59))
        end.transport.pauseReading()
        transport.advance(by: .seconds(5000))
        #expect(end.reason == nil)
        end.transport.resumeReading()
        end.expectEnd(of: transport, after: .seconds(60), by: .read)
    }

    @Test func readEndsWithThePeersSide() {
        end.closesWithPeer = false
        let transport = end.makeTransport(.init(read: .seconds(60), firstByte: .seconds(60)))
        transport.receiveEnd()
        end.expectNoEnd(of: transport)
    }

    // MARK: The first byte

    @Test func theFirstByteHasToComeInTime() {
        let transport = end.makeTransport(.init(firstByte: .seconds(10)))
        end.transport.write("does not count")
        end.expectEnd(of: transport, after: .seconds(10), by: .firstByte)
    }

    @Test func afterTheFirstByteThePeerMayTakeItsTime() {
        let transport = end.makeTransport(.init(firstByte: .seconds(10)))
        transport.advance(by: .seconds(9))
        transport.receive("x")
        end.expectNoEnd(of: transport)
    }

    // MARK: Write

    @Test func writeEndsWhereNothingIsTaken() {
        let transport = end.makeTransport(.init(write: .seconds(30)))
        transport.advance(by: .seconds(1000))
        transport.stopTaking()
        end.transport.write("0123456789")
        transport.advance(by: .seconds(20))
        transport.take(1)
        transport.advance(by: .seconds(20))
        transport.receive("does not count")
        end.expectEnd(of: transport, after: .seconds(10), by: .write)
        #expect(transport.wasReset)
    }

    @Test func writeCountsFromWhenBytesBeginToWait() {
        let transport = end.makeTransport(.init(write: .seconds(30)))
        for _ in 0..<5 {
            transport.stopTaking()
            end.transport.write("x")
            transport.advance(by: .seconds(29))
            transport.resumeTaking()
            transport.advance(by: .seconds(7))
        }
        transport.stopTaking()
        end.transport.write("x")
        end.expectEnd(of: transport, after: .seconds(30), by: .write)
    }
}
