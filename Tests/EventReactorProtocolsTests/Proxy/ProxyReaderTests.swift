import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("PROXY protocol: a connection that begins with a header")
struct ProxyReaderTests {
    private let client = "PROXY TCP4 203.0.113.7 198.51.100.2 50001 443\r\n"

    /// A connection from 192.0.2.2:50000 to 192.0.2.1:80, and the protocol behind its header.
    private final class Scene {
        let end = ProxyEnd()
        private(set) var madeCount = 0
        private(set) var transport: TestTransport!
        private(set) var refused: [ProxyError] = []
        private(set) var times: [Int] = []

        init(
            trusting prefix: String = "192.0.2.0/24", options: StreamOptions = StreamOptions(),
            _ change: (inout ProxySettings) -> Void = { _ in }
        ) throws {
            var settings = ProxySettings(trusting: [try AddressPrefix(prefix)])
            change(&settings)
            let reactor = SimulatedReactor(seed: 1)
            reactor.onDiagnostic = { [unowned self] diagnostic in
                guard case .proxyHeaderRefused(let error as ProxyError, _, let times) = diagnostic else { return }
                refused.append(error)
                self.times.append(times)
            }
            let reader = settings.reading { [unowned self] in
                madeCount += 1
                return end
            }
            transport = TestTransport(for: reader, on: reactor, options: options)
        }
    }

    private func expectRefused(_ scene: Scene, _ error: ProxyError) {
        #expect(scene.refused == [error] && scene.times == [1])
        #expect(scene.transport.isClosed && scene.transport.wasReset)
        #expect(scene.madeCount == 0 && scene.end.calls.isEmpty)
    }

    @Test(arguments: [1, 2, 7, 1000])
    func theProtocolSeesTheAddressesOfTheHeaderFromTheBeginning(_ size: Int) throws {
        let scene = try Scene()
        #expect(scene.madeCount == 0)
        let bytes = [UInt8]((client + "hello").utf8)
        scene.transport.receive(bytes, splitInto: Array(repeating: size, count: bytes.count))
        #expect(scene.end.calls == ["made", "data"] && scene.end.received == "hello")
        #expect(scene.end.peer?.description == "203.0.113.7:50001")
        #expect(scene.end.local?.description == "198.51.100.2:443")
        let proxy = try #require(scene.end.transport.proxy)
        #expect(proxy.header.source == scene.end.peer)
        #expect(proxy.peerAddress.description == "192.0.2.2:50000")
        #expect(proxy.localAddress.description == "192.0.2.1:80")
        #expect(scene.transport.writtenText == "hello")
        scene.transport.receiveEnd()
        #expect(scene.end.calls == ["made", "data", "end", "lost"] && scene.end.reason?.isClean == true)
        // Also after the loss.
        #expect(
            scene.end.transport.peerAddress == scene.end.peer && scene.end.transport.localAddress == scene.end.local)
        #expect(scene.end.transport.proxy === proxy && scene.refused.isEmpty)
    }

    @Test func headersWithoutAddressesLeaveThoseOfTheSocket() throws {
        for bytes in [try ProxyHeader.local.bytes(), try ProxyHeader.unknown.bytes()] {
            let scene = try Scene()
            scene.transport.receive(bytes + [UInt8]("x".utf8))
            #expect(scene.end.received == "x" && scene.end.peer?.description == "192.0.2.2:50000")
            #expect(scene.end.local?.description == "192.0.2.1:80")
            #expect(scene.end.transport.proxy?.header.source == nil && scene.end.transport.proxy != nil)
        }
    }

    @Test func aRequiredHeaderThatIsMissingOrWrongEndsTheConnection() throws {
        let cases: [(String, ProxyError)] = [
            ("GET / HTTP/1.1\r\n", .missing), ("PROXIES", .missing),
            (
                "PROXY TCP4 1.2.3.4 1.2.3.4 1 70000\r\n",
                .malformedLine("the destination port \"70000\" is not 0 to 65535")
            ),
        ]
        for (text, error) in cases {
            let scene = try Scene()
            scene.transport.receive(text, oneByteAtATime: true)
            expectRefused(scene, error)
        }
        let scene = try Scene { $0.maximumLength = 11 }
        scene.transport.receive(HeaderSamples.block(0x21, 0x11, HeaderSamples.ipv4Body))
        expectRefused(scene, .tooLong(byteCount: 12, limit: 11))
    }

    @Test func aHeaderHasADeadlineWhichTricklingDoesNotMove() throws {
        let scene = try Scene()
        for byte in client.utf8.prefix(10) {
            scene.transport.receive([byte])
            scene.transport.advance(by: .milliseconds(450))
        }
        #expect(!scene.transport.isClosed)
        scene.transport.advance(by: .milliseconds(600))
        expectRefused(scene, .timedOut(after: .seconds(5)))

        let silent = try Scene { $0.deadline = .seconds(1) }
        silent.transport.advance(by: .seconds(2))
        expectRefused(silent, .timedOut(after: .seconds(1)))

        // It ends with the header.
        let other = try Scene()
        other.transport.receive(client)
        other.transport.advance(by: .seconds(60))
        #expect(!other.transport.isClosed && other.end.calls == ["made"])
    }

    @Test func aPeerThatConnectsAndGoesIsNoFault() throws {
        let scene = try Scene()
        scene.transport.receiveEnd()
        #expect(scene.transport.isClosed && !scene.transport.wasReset && scene.refused.isEmpty && scene.madeCount == 0)
        let cut = try Scene()
        cut.transport.receive("PROXY T")
        cut.transport.receiveEnd()
        expectRefused(cut, .closedInHeader(byteCount: 7))
        let reset = try Scene()
        reset.transport.receive("PROXY T")
        reset.transport.reset()
        #expect(reset.transport.isClosed && reset.refused.isEmpty && reset.madeCount == 0)
    }

    // MARK: Optional headers

    @Test func anOptionalHeaderIsTakenAndItsAbsenceTolerated() throws {
        let with = try Scene { $0.isRequired = false }
        with.transport.receive(client + "x")
        #expect(with.end.peer?.port == 50_001 && with.end.received == "x")
        for text in ["hello", "PROXIES", "PROXY\r\n", "\r\n\r\nx", "P!"] {
            let without = try Scene { $0.isRequired = false }
            without.transport.receive(text, oneByteAtATime: true)
            #expect(without.end.received == text && without.end.peer?.description == "192.0.2.2:50000")
            #expect(without.end.transport.proxy == nil && without.refused.isEmpty)
        }
        let wrong = try Scene { $0.isRequired = false }
        wrong.transport.receive("PROXY TCP5 \r\n")
        expectRefused(wrong, .malformedLine("the protocol is none of TCP4, TCP6 and UNKNOWN"))
    }

    @Test func withoutBytesAConnectionBeginsAtTheDeadline() throws {
        for text in ["", "PROX"] {
            let scene = try Scene { $0.isRequired = false }
            scene.end.onMade = { $0.transport.write("hello, who are you?") }
            scene.transport.receive(text)
            scene.transport.advance(by: .seconds(4))
            #expect(scene.end.calls.isEmpty)
            scene.transport.advance(by: .seconds(2))
            #expect(scene.transport.takeWrittenText() == "hello, who are you?" + text)
            scene.transport.receive("Y TCP4")
            #expect(scene.end.received == text + "Y TCP4")
        }
        let begun = try Scene { $0.isRequired = false }
        begun.transport.receive("PROXY ")
        begun.transport.advance(by: .seconds(6))
        expectRefused(begun, .timedOut(after: .seconds(5)))
    }

    @Test func anEndBehindBytesThatWereNoHeaderReachesTheProtocol() throws {
        let scene = try Scene { $0.isRequired = false }
        scene.transport.receive("PRO")
        scene.transport.receiveEnd()
        #expect(scene.end.calls == ["made", "data", "end", "lost"] && scene.end.received == "PRO")
        #expect(scene.transport.writtenText == "PRO" && !scene.transport.wasReset)
    }

    // MARK: Peers that are not trusted

    @Test func aHeaderFromElsewhereIsRefused() throws {
        for bytes in [[UInt8](client.utf8), try ProxyHeader.local.bytes(), [UInt8]("PROXY garbage".utf8)] {
            let scene = try Scene(trusting: "10.0.0.0/8") { $0.others = .servedWithoutHeader }
            scene.transport.receive(bytes, oneByteAtATime: true)
            expectRefused(scene, .notTrusted)
        }
        let scene = try Scene(trusting: "10.0.0.0/8") { $0.others = .servedWithoutHeader }
        scene.transport.receive("PROlog")
        #expect(scene.end.received == "PROlog" && scene.end.transport.proxy == nil)
    }

    @Test func aHeaderFromElsewhereCanBeData() throws {
        let scene = try Scene(trusting: "10.0.0.0/8") { $0.others = .served }
        #expect(scene.end.calls == ["made"])
        scene.transport.receive(client)
        #expect(scene.end.received == client && scene.end.peer?.description == "192.0.2.2:50000")
    }

    @Test func otherPeersAreClosedUnlessTheSettingsSayOtherwise() throws {
        let scene = try Scene(trusting: "10.0.0.0/8")
        #expect(scene.transport.isClosed && scene.madeCount == 0 && scene.refused.isEmpty)
    }

    // MARK: The protocol that follows

    @Test func bytesBehindTheHeaderWaitWhileReadingIsPaused() throws {
        let scene = try Scene()
        scene.end.onMade = { $0.transport.pauseReading() }
        scene.transport.receive(client + "hello")
        scene.transport.receive(" there")
        scene.transport.receiveEnd()
        #expect(scene.end.calls == ["made"])
        scene.end.transport.resumeReading()
        scene.transport.advance(by: .zero)
        #expect(scene.end.received == "hello there" && scene.end.calls == ["made", "data", "end", "lost"])
    }

    @Test func aProtocolMayEndTheConnectionAsItBegins() throws {
        struct Failure: Error {}
        let ends: [(ProxyEnd) throws -> Void] = [
            { $0.transport.loseConnection() }, { $0.transport.abortConnection() }, { _ in throw Failure() },
        ]
        for end in ends {
            let scene = try Scene()
            scene.end.onMade = end
            scene.transport.receive(client + "dropped")
            scene.transport.advance(by: .seconds(10))
            #expect(scene.end.calls == ["made", "lost"] && scene.transport.isClosed && scene.refused.isEmpty)
        }
    }

    @Test func aPeerWithoutAProtocolIsClosedInOrder() throws {
        let settings = ProxySettings(trusting: AddressPrefix.everyone)
        let transport = TestTransport(for: settings.reading { nil })
        transport.receive(client + "x")
        #expect(transport.isClosed && !transport.wasReset)
        // A protocol that serves another connection takes over none.
        let used = ProxyEnd()
        let first = TestTransport(for: used)
        let second = TestTransport(for: settings.reading { used })
        second.receive(client)
        #expect(second.wasReset && !first.isClosed && used.calls == ["made"])
    }

    @Test func timeoutsThatAreSetLaterKeepTheAddresses() throws {
        var options = StreamOptions()
        options.timeouts = StreamTimeouts(idle: .seconds(100))
        let scene = try Scene(options: options)
        scene.transport.receive(client)
        scene.end.transport.setTimeouts(StreamTimeouts(idle: .seconds(3)))
        #expect(scene.end.transport.peerAddress.port == 50_001)
        scene.end.transport.setTimeouts(.none)
        #expect(scene.end.transport.peerAddress.port == 50_001)
        scene.end.transport.setTimeouts(StreamTimeouts(idle: .seconds(3)))
        scene.transport.advance(by: .seconds(4))
        #expect(scene.end.transport.expiredTimeout == .idle && scene.end.transport.peerAddress.port == 50_001)
    }

    @Test func refusalsAreReportedEveryTenSecondsAtMost() throws {
        let reactor = SimulatedReactor(seed: 1)
        var times: [Int] = []
        reactor.onDiagnostic = { diagnostic in
            if case .proxyHeaderRefused(_, _, let count) = diagnostic { times.append(count) }
            #expect(!diagnostic.description.contains("\n"))
        }
        let settings = ProxySettings(trusting: AddressPrefix.everyone)
        for _ in 0..<50 { TestTransport(for: settings.reading { nil }, on: reactor).receive("no\nheader") }
        #expect(times == [1])
        reactor.advance(by: .seconds(11))
        for _ in 0..<2 { TestTransport(for: settings.reading { nil }, on: reactor).receive("no\nheader") }
        #expect(times == [1, 50])
    }
}
