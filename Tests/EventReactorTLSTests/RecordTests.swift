import COpenSSL
import EventReactorTLS
import EventReactorTesting
import TestSupport
import Testing

@Suite("TLS: records, their ends, and peers that mean harm")
struct RecordTests {
    private func peer(_ end: Recorder = .echo(), version: Int32? = nil) throws -> Peer {
        let peer = Peer(of: try TLSServerContext(Authority.serverSettings()), end: end, version: version)
        peer.shakeHands()
        return peer
    }

    @Test func sixteenWritesOfACallbackAreOneRecord() throws {
        let end = Recorder()
        end.onData = { end, _ in for _ in 0..<16 { end.transport.write([UInt8](repeating: 1, count: 64)) } }
        let peer = try peer(end)
        _ = peer.decrypt()
        peer.send(peer.encrypt("go"))
        let written = peer.transport.written
        #expect(written.first == 23)
        #expect(Int(written[3]) << 8 + Int(written[4]) == written.count - 5)
        #expect(peer.decrypt().count == 1024)
    }

    @Test func recordsThatArriveTogetherAreDeliveredTogether() throws {
        let end = Recorder()
        let peer = try peer(end)
        peer.send(peer.encrypt("a") + peer.encrypt("b") + peer.encrypt([UInt8](repeating: 0x63, count: 40_000)))
        #expect(end.calls == ["made", "data"])
        #expect(end.received.count == 40_002)
    }

    @Test func aLargeMessageArrivesWhole() throws {
        let peer = try peer()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        peer.send(peer.encrypt(bytes), pieces: 50_000)
        #expect(peer.decrypt() == bytes)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func closeNotifyIsACleanEnd(_ version: Int32) throws {
        let end = Recorder.echo()
        let peer = try peer(end, version: version)
        peer.send(peer.encrypt("last") + peer.closeNotify())
        peer.transport.receiveEnd()
        #expect(end.reason?.isClean == true)
        #expect(end.calls == ["made", "data", "readLost", "lost"])
        #expect(peer.decryptText() == "last")
        #expect(unsafe SSL_get_shutdown(peer.ssl) & SSL_RECEIVED_SHUTDOWN != 0)
    }

    @Test func anEndWithoutCloseNotifyIsTruncationAndLosesNothingWritten() throws {
        let end = Recorder.echo()
        let peer = try peer(end)
        peer.transport.stopTaking()
        peer.send(peer.encrypt("answered"))
        peer.transport.receiveEnd()
        #expect(end.reason == nil)
        peer.transport.resumeTaking()
        #expect(end.tlsError == .truncated)
        #expect(end.reason?.isClean == false)
        #expect(end.calls == ["made", "data", "lost"])
        #expect(peer.decryptText() == "answered")
        #expect(peer.transport.reactor.tlsMetrics.failures[.truncated] == 1)
    }

    @Test func anEndAtEachByteOfARecordIsTruncation() throws {
        let context = try TLSServerContext(Authority.serverSettings())
        for count in 0..<40 {
            let peer = Peer(of: context, end: Recorder())
            peer.shakeHands()
            let record = peer.encrypt("eighteen bytes ...")
            peer.send(Array(record.prefix(count)))
            peer.transport.receiveEnd()
            #expect(peer.end.tlsError == .truncated, "after \(count) of \(record.count)")
            #expect(peer.end.received.count == (count < record.count ? 0 : 18))
        }
    }

    @Test func anEndThatArrivesWhilePausedComesAfterTheBytes() throws {
        let end = Recorder()
        end.onData = { end, _ in end.transport.pauseReading() }
        let peer = try peer(end)
        peer.send(peer.encrypt("one") + peer.closeNotify())
        #expect(end.calls == ["made", "data"])
        end.transport.resumeReading()
        peer.transport.advance(by: .zero)
        #expect(end.calls.prefix(3) == ["made", "data", "readLost"])
    }

    @Test func pausesAndResumesLoseNothing() throws {
        let end = Recorder()
        end.onData = { end, _ in end.transport.pauseReading() }
        let peer = try peer(end)
        var sent: [UInt8] = []
        for round in 0..<50 {
            let bytes = [UInt8](repeating: UInt8(round), count: round * 100 + 1)
            sent += bytes
            peer.send(peer.encrypt(bytes), pieces: 333)
            if round.isMultiple(of: 3) {
                end.transport.resumeReading()
                peer.transport.advance(by: .milliseconds(1))
            }
        }
        var resumes = 0
        while end.received.count < sent.count, resumes < 10_000 {
            end.transport.resumeReading()
            peer.transport.advance(by: .milliseconds(1))
            resumes += 1
        }
        #expect(end.received == sent)
    }

    @Test func aDamagedRecordIsAnErrorWithItsAlert() throws {
        let end = Recorder()
        let peer = try peer(end)
        var record = peer.encrypt("secret")
        record[record.count - 1] ^= 1
        peer.send(record)
        peer.transport.advance(by: .seconds(6))
        guard case .badRecord? = end.tlsError else {
            Issue.record("\(String(describing: end.reason))")
            return
        }
        #expect(end.received.isEmpty)
        #expect(peer.alert() == 20)
    }

    @Test func aDamagedRecordBehindAGoodOneIsTheReason() throws {
        let end = Recorder.echo()
        let peer = try peer(end)
        var records = peer.encrypt("good") + peer.encrypt("bad")
        records[records.count - 1] ^= 1
        peer.send(records)
        peer.transport.advance(by: .seconds(6))
        #expect(end.text == "good")
        guard case .badRecord? = end.tlsError else {
            Issue.record("\(String(describing: end.reason))")
            return
        }
    }

    /// A peer may close as soon as it has said so; what answers our own `close_notify` then is a reset.
    @Test func aResetThatAnswersCloseNotifyAloneIsNoLoss() throws {
        for writes in [false, true] {
            let end = Recorder()
            end.onReadLost = { end in
                if writes { end.transport.write("still there?") }
                end.transport.loseConnection()
            }
            let peer = try peer(end)
            peer.transport.stopTaking()
            peer.send(peer.closeNotify())
            peer.transport.reset()
            #expect(end.reason?.isClean == !writes)
        }
    }

    @Test func aFloodOfKeyUpdatesEndsTheConnection() throws {
        let end = Recorder()
        let peer = try peer(end, version: TLS1_3_VERSION)
        var flood: [UInt8] = []
        for _ in 0..<2400 {
            unsafe SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED)
            unsafe SSL_do_handshake(peer.ssl)
            flood += peer.takeOutput()
        }
        peer.transport.receive(flood)
        peer.transport.advance(by: .seconds(6))
        #expect(end.tlsError == .tooManyEmptyRecords)
        #expect(peer.transport.isClosed)
        // One answer a request would be as much again.
        #expect(peer.transport.written.count < 4096)
        // The peer learns why: record_overflow.
        #expect(peer.alert() == 22)
    }

    @Test func aHandshakeInTinyRecordsIsRefusedWithAnAlert() throws {
        let end = Recorder()
        let transport = TestTransport(for: try TLSServerContext(Authority.serverSettings()).secured(end))
        // The beginning of a client hello of 8 KB, a byte a record.
        let hello: [UInt8] = [1, 0, 0x20, 0, 3, 3] + [UInt8](repeating: 0, count: 600)
        transport.receive(hello.flatMap { [0x16, 3, 1, 0, 1, $0] })
        transport.advance(by: .seconds(6))
        #expect(end.tlsError == .tooManyEmptyRecords)
        #expect(transport.written.first == 21 && transport.written.suffix(2) == [2, 22])
    }

    @Test func someKeyUpdatesAreAnswered() throws {
        let peer = try peer(version: TLS1_3_VERSION)
        for _ in 0..<8 {
            unsafe SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED)
            peer.send(peer.encrypt("x"))
        }
        #expect(peer.decryptText() == "xxxxxxxx")
    }

    @Test func tinyRecordsAreReadBySharesOfATurn() throws {
        let end = Recorder()
        let peer = try peer(end)
        var records: [UInt8] = []
        for _ in 0..<3000 { records += peer.encrypt("x") }
        peer.transport.receive(records)
        peer.transport.advance(by: .zero)
        #expect(end.received.count == 3000)
        #expect(end.calls.filter { $0 == "data" }.count == 6)
    }

    @Test func renegotiationIsRefused() throws {
        let end = Recorder.echo()
        let peer = try peer(end, version: TLS1_2_VERSION)
        unsafe SSL_renegotiate(peer.ssl)
        unsafe SSL_do_handshake(peer.ssl)
        peer.send(peer.takeOutput())
        peer.transport.advance(by: .seconds(10))
        #expect(end.received.isEmpty)
        // An alert and nothing else: a handshake would be a record of type 22.
        #expect(peer.transport.written.first == 21)
    }

    @Test func aGiantHelloIsRefused() throws {
        let end = Recorder()
        let transport = TestTransport(for: try TLSServerContext(Authority.serverSettings()).secured(end))
        // A client hello of 16 MB, in records of 16 KiB.
        let header: [UInt8] = [0x16, 3, 1, 0x40, 0]
        transport.receive(header + [1, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 16_380))
        var sent = 0
        while end.reason == nil, sent < 1000 {
            transport.receive(header + [UInt8](repeating: 0, count: 16_384))
            transport.advance(by: .zero)
            sent += 1
        }
        transport.advance(by: .seconds(6))
        #expect(end.tlsError != nil)
        #expect(sent < 20)
    }

    @Test func halfCloseGoesOnReading() throws {
        let end = Recorder()
        end.onMade = {
            $0.transport.write("all I have")
            $0.transport.loseWriteConnection()
        }
        let peer = try peer(end)
        #expect(peer.decryptText() == "all I have")
        #expect(unsafe SSL_get_shutdown(peer.ssl) & SSL_RECEIVED_SHUTDOWN != 0)
        #expect(end.calls == ["made", "writeLost"])
        peer.send(peer.encrypt("more"))
        #expect(end.text == "more")
        peer.send(peer.closeNotify())
        peer.transport.receiveEnd()
        #expect(end.reason?.isClean == true)
    }

    @Test func anAbortResets() throws {
        let end = Recorder()
        end.onData = { end, _ in end.transport.abortConnection() }
        let peer = try peer(end)
        peer.send(peer.encrypt("x"))
        #expect(peer.transport.wasReset)
        guard case .aborted? = end.reason else {
            Issue.record("\(String(describing: end.reason))")
            return
        }
    }

    @Test func anErrorOfACallbackIsTheReason() throws {
        struct Mine: Error {}
        let end = Recorder()
        end.onData = { _, _ in throw Mine() }
        let peer = try peer(end)
        peer.send(peer.encrypt("x"))
        guard case .failed(_ as Mine)? = end.reason else {
            Issue.record("\(String(describing: end.reason))")
            return
        }
        #expect(peer.transport.wasReset)
    }

    @Test func theMarksCountWhatWaitsBelowToo() throws {
        let end = Recorder()
        end.onData = { end, _ in end.transport.write([UInt8](repeating: 7, count: 100_000)) }
        let peer = try peer(end)
        peer.transport.stopTaking()
        peer.send(peer.encrypt("go"))
        #expect(end.calls.last == "pause")
        #expect(end.transport.bufferedByteCount >= 100_000)
        peer.transport.resumeTaking()
        peer.transport.advance(by: .zero)
        #expect(end.calls.last == "resume")
        #expect(end.transport.bufferedByteCount == 0)
        #expect(peer.decrypt().count == 100_000)
    }
}
