import EventReactorTesting
import Testing

/// Minimum rates of a connection to the nanosecond, in virtual time.
@Suite struct MinimumRateTests {
    private let end = Recorder()

    private let hundredInTen = TransferRate(bytes: 100, per: .seconds(10), grace: .seconds(5))

    @Test func aPeerThatTricklesIsTooSlowAlthoughItIsNeverIdle() {
        let transport = end.makeTransport(.init(idle: .seconds(3), minimumReadRate: hundredInTen))
        for _ in 0..<14 {
            transport.advance(by: .seconds(1))
            transport.receive("x")
        }
        end.expectEnd(of: transport, after: .seconds(1), by: .minimumReadRate)
    }

    @Test func aPeerThatSendsEnoughInEachPeriodMayGoOn() {
        let transport = end.makeTransport(.init(minimumReadRate: hundredInTen))
        transport.advance(by: .seconds(5))
        for _ in 0..<50 {
            transport.advance(by: .seconds(9))
            transport.receive([UInt8](repeating: 0, count: 100))
            transport.advance(by: .seconds(1))
        }
        transport.receive([UInt8](repeating: 0, count: 99))
        end.expectEnd(of: transport, after: .seconds(10), by: .minimumReadRate)
    }

    @Test func aPauseStopsThePeriodAndDoesNotBeginAnother() {
        let transport = end.makeTransport(.init(minimumReadRate: hundredInTen))
        // A protocol that pauses after each byte does not give a slow peer unlimited time.
        for _ in 0..<14 {
            transport.advance(by: .seconds(1))
            transport.receive("x")
            end.transport.pauseReading()
            transport.advance(by: .seconds(100))
            end.transport.resumeReading()
        }
        end.expectEnd(of: transport, after: .seconds(1), by: .minimumReadRate)
    }

    @Test func aReaderThatTricklesIsTooSlow() {
        let transport = end.makeTransport(.init(write: .seconds(3), minimumWriteRate: hundredInTen))
        transport.advance(by: .seconds(1000))
        transport.stopTaking()
        end.transport.write([UInt8](repeating: 0, count: 1000))
        for _ in 0..<14 {
            transport.advance(by: .seconds(1))
            transport.take(2)
        }
        end.expectEnd(of: transport, after: .seconds(1), by: .minimumWriteRate)
        #expect(transport.wasReset)
    }

    @Test func aReaderThatNowAndThenTakesAllIsNotLeftAloneForThat() {
        let transport = end.makeTransport(.init(minimumWriteRate: hundredInTen))
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
        end.expectEnd(of: transport, after: .seconds(1), by: .minimumWriteRate)
    }

    @Test func aReaderThatTakesEnoughInEachPeriodMayGoOn() {
        let transport = end.makeTransport(.init(minimumWriteRate: hundredInTen))
        transport.stopTaking()
        end.transport.write([UInt8](repeating: 0, count: 10_000))
        transport.advance(by: .seconds(5))
        for _ in 0..<50 {
            transport.take(100)
            transport.advance(by: .seconds(10))
        }
        #expect(end.reason == nil)
        transport.resumeTaking()
        end.expectNoEnd(of: transport)
    }
}
