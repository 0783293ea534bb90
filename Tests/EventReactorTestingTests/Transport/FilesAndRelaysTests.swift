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

@Suite("Relays and files over a network with faults")
struct FaultyRelayTests {
    /// Sends many bytes and its end, and keeps the bytes that arrive.
    private final class Peer: Protocol {
        let sends: [UInt8]
        private(set) var received: [UInt8] = []
        private(set) var reason: ConnectionLostReason?

        init(_ sends: [UInt8]) {
            self.sends = sends
        }

        override func connectionMade() {
            transport.write(sends)
            transport.loseWriteConnection()
        }

        override func dataReceived(_ data: Span<UInt8>) { received += [UInt8](data) }
        override func readConnectionLost() {}
        override func connectionLost(_ reason: ConnectionLostReason) { self.reason = reason }
    }

    private final class Incoming: Protocol {
        unowned let reactor: SimulatedReactor
        private(set) var endings = 0
        private(set) var hasBegun = false
        private(set) var reason: ConnectionLostReason?
        let outgoing: Outgoing

        init(_ reactor: SimulatedReactor) {
            self.reactor = reactor
            outgoing = Outgoing()
        }

        override func connectionMade() throws {
            transport.pauseReading()
            try reactor.connectTCP(host: "localhost", port: 81, { [self] in outgoing }, onFailure: { _ in })
            outgoing.onMade = { [unowned self] outgoing in
                hasBegun = true
                transport.resumeReading()
                try transport.relay(to: outgoing.transport) { [unowned self] _, _ in endings += 1 }
                try outgoing.transport.relay(to: transport) { [unowned self] _, _ in endings += 1 }
            }
        }

        override func dataReceived(_ data: Span<UInt8>) { Issue.record("a relayed byte was given to the protocol") }
        override func connectionLost(_ reason: ConnectionLostReason) { self.reason = reason }
    }

    private final class Outgoing: Protocol {
        var onMade: (Outgoing) throws -> Void = { _ in }
        private(set) var reason: ConnectionLostReason?
        override func connectionMade() throws { try onMade(self) }
        override func connectionLost(_ reason: ConnectionLostReason) { self.reason = reason }
    }

    /// The peers received complete data, or a loss was reported to them.
    @Test(arguments: 1...60)
    func nothingIsLostSilently(seed: UInt64) throws {
        let faults: Faults = seed.isMultiple(of: 2) ? .harmless : .all
        let reactor = SimulatedReactor(seed: seed, faults: faults)
        reactor.onDiagnostic = { _ in }
        let bytes = { (count: Int) in (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }
        let (client, target) = (Peer(bytes(150_000)), Peer(bytes(100_000)))
        let incoming = Incoming(reactor)
        try reactor.listenTCP(port: 81) { target }
        try reactor.listenTCP(port: 80) { incoming }
        try reactor.connectTCP(host: "localhost", port: 80, { client }, onFailure: { _ in })
        reactor.advance(by: .seconds(20_000))
        let outgoing = incoming.outgoing
        if incoming.hasBegun {
            #expect((incoming.reason == nil) == (outgoing.reason == nil), "one of the two was left behind")
        }
        if faults == .harmless {
            #expect(target.received == client.sends && client.received == target.sends)
            for reason in [client.reason, incoming.reason, outgoing.reason, target.reason] {
                #expect(reason?.isClean == true)
            }
        }
        if target.reason?.isClean == true { #expect(target.received == client.sends) }
        if client.reason?.isClean == true { #expect(client.received == target.sends) }
        if outgoing.reason != nil { #expect(incoming.endings == 2) }
    }
}
