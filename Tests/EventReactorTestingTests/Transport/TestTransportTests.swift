import EventReactorTesting
import Testing

@Suite("TestTransport")
struct TestTransportTests {
    private func connected(_ options: StreamOptions = StreamOptions()) -> (Recorder, TestTransport) {
        let end = Recorder()
        return (end, TestTransport(for: end, options: options))
    }

    @Test func theProtocolIsConnectedFromTheStart() {
        let (end, transport) = connected()
        #expect(end.calls == ["made"])
        #expect(end.transport.peerAddress.description == "192.0.2.2:50000")
        #expect(end.transport.localAddress.description == "192.0.2.1:80")
        #expect(!transport.isClosed)
    }

    @Test func bytesArriveInThePiecesThatTheTestChooses() {
        let (end, transport) = connected()
        transport.receive("abc", oneByteAtATime: true)
        transport.receive("defgh", splitInto: [2, 1])
        transport.receive([UInt8]("ij".utf8))
        #expect(end.pieces.map { String(decoding: $0, as: UTF8.self) } == ["a", "b", "c", "de", "f", "gh", "ij"])
    }

    @Test func whatTheProtocolWritesIsReadBack() {
        let (end, transport) = connected()
        end.onData = { end, data in
            end.transport.write(data)
            end.transport.write(contentsOf: [[UInt8](repeating: 120, count: 9000), [121]])
        }
        transport.receive("hello")
        #expect(transport.written.count == 9006)
        #expect(transport.takeWritten().starts(with: "hello".utf8))
        #expect(transport.written.isEmpty)
        end.transport.write("from outside a callback")
        #expect(transport.takeWrittenText() == "from outside a callback")
    }

    @Test func thePeersEndClosesUnlessTheProtocolGoesOn() {
        let (end, transport) = connected()
        end.onData = { end, _ in end.transport.write("answer") }
        transport.receive("question")
        transport.receiveEnd()
        #expect(transport.writtenText == "answer")
        #expect(transport.isClosed && transport.hasEnded && !transport.wasReset)
        #expect(end.isDone)

        let (other, half) = connected()
        other.closesWithPeer = false
        half.receiveEnd()
        other.transport.write("still here")
        #expect(half.writtenText == "still here" && !half.isClosed)
        other.transport.loseWriteConnection()
        #expect(half.hasEnded && half.isClosed && other.isDone)
        #expect(other.calls == ["made", "readLost", "writeLost", "lost"])
    }

    @Test func anAbortIsSeenAsAReset() {
        let (end, transport) = connected()
        transport.stopTaking()
        end.transport.write("dropped")
        end.transport.abortConnection()
        #expect(transport.isClosed && transport.wasReset && transport.written.isEmpty)
        if case .aborted = end.reason {} else { Issue.record("\(end.reason as Any)") }
    }

    @Test func aResetReachesTheProtocolAlsoWhilePaused() {
        let (end, transport) = connected()
        end.transport.pauseReading()
        transport.receive("unread")
        transport.reset()
        #expect(end.code != nil && end.calls == ["made", "lost"])
        transport.receive("after the loss")
        #expect(end.calls == ["made", "lost"])
    }

    @Test func whatArrivesWhilePausedWaitsForTheResume() {
        let (end, transport) = connected()
        end.onData = { end, _ in end.transport.pauseReading() }
        transport.receive("abc", oneByteAtATime: true)
        transport.receiveEnd()
        #expect(end.text == "a" && transport.unreadByteCount == 2)
        end.transport.resumeReading()
        transport.advance(by: .zero)
        #expect(end.text == "ab")
        end.onData = { _, _ in }
        end.transport.resumeReading()
        transport.advance(by: .zero)
        #expect(end.text == "abc" && end.isDone)
    }

    @Test func aPeerThatTakesNothingIsFeltByTheMarks() {
        var options = StreamOptions()
        options.writeBufferHighMark = 100
        options.writeBufferLowMark = 10
        let (end, transport) = connected(options)
        transport.stopTaking()
        end.transport.write([UInt8](repeating: 1, count: 100))
        #expect(transport.waitingByteCount == 100 && end.calls == ["made"])
        end.transport.write([1])
        #expect(transport.waitingByteCount == 101 && end.calls == ["made", "pause"])
        transport.take(90)
        #expect(end.calls == ["made", "pause"])
        transport.take(1)
        #expect(end.calls == ["made", "pause", "resume"] && transport.written.count == 91)
        end.transport.loseConnection()
        #expect(!transport.isClosed)
        transport.resumeTaking()
        #expect(transport.isClosed && transport.written.count == 101 && end.isDone)
    }

    @Test func theWriteLimitEndsTheConnection() {
        var options = StreamOptions()
        options.writeBufferLimit = 10
        let (end, transport) = connected(options)
        transport.stopTaking()
        end.transport.write([UInt8](repeating: 1, count: 11))
        #expect(transport.isClosed && transport.wasReset)
        #expect(end.failure is WriteLimitExceeded)
    }

    @Test func timersOfTheProtocolFireAsTheTestLetsTimePass() {
        let reactor = SimulatedReactor(seed: 1)
        let end = Recorder()
        end.onMade = { end in reactor.callLater(.seconds(60)) { end.transport.loseConnection() } }
        let transport = TestTransport(for: end, on: reactor)
        transport.advance(by: .seconds(59))
        #expect(!transport.isClosed)
        transport.advance(by: .seconds(1))
        #expect(transport.isClosed)
    }

    @Test func aThrownErrorEndsTheConnection() {
        struct Unwanted: Error {}
        let (end, transport) = connected()
        end.onData = { _, _ in throw Unwanted() }
        transport.receive("x")
        #expect(transport.wasReset)
        #expect(end.failure is Unwanted)
    }

    @Test func aTestMayActInsideACallback() {
        let (end, transport) = connected()
        end.onData = { end, _ in
            guard end.pieces.count == 1 else { return }
            transport.receive("second")
            transport.reset()
            #expect(!transport.isClosed)
        }
        transport.receive("first")
        #expect(end.text == "firstsecond" && end.calls == ["made", "data", "data", "lost"])
    }

    @Test func theProtocolIsLetGoAfterTheLoss() {
        var end: Recorder? = Recorder()
        weak let watched = end
        let transport = end.map { TestTransport(for: $0) }
        end = nil
        #expect(watched != nil)
        transport?.reset()
        #expect(watched == nil)
    }

    /// Each takes a turn of the reactor, and the clock stands still meanwhile.
    @Test func anyNumberOfPiecesArriveInOneInstant() {
        let (end, transport) = connected()
        for number in 1...100 {
            transport.receive("x")
            #expect(end.received.count == number)
        }
    }
}
