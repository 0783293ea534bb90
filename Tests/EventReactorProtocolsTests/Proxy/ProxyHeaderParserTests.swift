import EventReactorProtocols
import EventReactorTesting
import Testing

@Suite("PROXY protocol: headers in pieces")
struct ProxyHeaderParserTests {
    private typealias Samples = HeaderSamples

    /// One of each kind, with data behind it.
    private static let samples: [[UInt8]] = [
        Samples.line("PROXY TCP4 192.0.2.1 198.51.100.2 56260 443\r\nGET /"),
        Samples.line("PROXY TCP6 2001:db8::1 ::1 1 2\r\n\r\n"),
        Samples.line("PROXY UNKNOWN\r\nPROXY UNKNOWN\r\n"), Samples.line("PROXY UNKNOWN junk\r\n"),
        Samples.line("PROXY TCP4 1.2.3.4 1.2.3.4 1 70000\r\n"),
        Samples.line("PROXY " + String(repeating: "A", count: 200)),
        Samples.line("PROX"), Samples.line("PROXIES"), Samples.line("PROXY"), Samples.line("\r\n\r\nGET"),
        Samples.line("hello"),
        Samples.line("P"), [0x0D], [0],
        Samples.block(0x21, 0x11, Samples.ipv4Body) + [1, 2, 3],
        Samples.block(0x21, 0x11, Samples.ipv4Body + [0xE0, 0, 2, 7, 7]) + Samples.signature,
        Samples.block(0x20, 0, []), Samples.block(0x20, 0, [1, 2, 3]) + [4], Samples.block(0x21, 0x11, [1]),
        Samples.block(0x21, 0x11, Samples.ipv4Body + [0xE0, 0, 2, 7]), Samples.block(0x41, 0x11, Samples.ipv4Body),
        Samples.block(0x21, 0x51, Samples.ipv4Body), Samples.block(0x21, 0x11, [], count: 5000),
    ]

    @Test(arguments: samples)
    func everySplitInTwoGivesTheSame(_ bytes: [UInt8]) {
        let whole = Samples.read(bytes, sizes: [])
        for size in 1..<max(2, bytes.count) { #expect(Samples.read(bytes, sizes: [size]) == whole, "at \(size)") }
        #expect(Samples.read(bytes, sizes: Array(repeating: 1, count: bytes.count)) == whole)
    }

    @Test func whatIsNoHeaderIsGivenBackWhole() {
        for text in ["PROXIES", "hello", "PRO!", "\r\n\r\nGET"] {
            let bytes = Samples.line(text)
            #expect(Samples.read(bytes, sizes: [1, 1, 1]) == .init(outcome: .step(.noHeader), data: bytes))
        }
    }

    @Test func randomHeadersComeBackAsTheyWereSent() throws {
        var random = SeededRandom(seed: 1)
        for round in 0..<3000 {
            let header = Samples.randomHeader(&random)
            let data = (0..<random.integer(in: 0...20)).map { _ in UInt8(random.integer(in: 0...255)) }
            let bytes = try header.bytes(checksum: random.integer(in: 0...1) == 0) + data
            let sizes = (0..<bytes.count).map { _ in random.magnitude(in: 1...40) }
            let reading = Samples.read(bytes, sizes: sizes)
            #expect(reading == .init(outcome: .step(.header(header, consumed: 0)), data: data), "round \(round)")
        }
    }

    @Test func damagedHeadersEndAlikeHoweverTheyAreSplit() throws {
        var random = SeededRandom(seed: 2)
        var refused = 0
        for round in 0..<5000 {
            var bytes = try Samples.randomHeader(&random).bytes(checksum: random.integer(in: 0...1) == 0) + [1, 2, 3]
            for _ in 0..<random.integer(in: 1...4) {
                let index = random.integer(in: 0...bytes.count - 1)
                switch random.integer(in: 0...2) {
                case 0: bytes[index] = UInt8(random.integer(in: 0...255))
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8(random.integer(in: 0...255)), at: index)
                }
            }
            let whole = Samples.read(bytes, sizes: [])
            let sizes = (0..<bytes.count).map { _ in random.magnitude(in: 1...10) }
            #expect(Samples.read(bytes, sizes: sizes) == whole, "round \(round)")
            if case .refused(let error) = whole.outcome {
                refused += 1
                #expect(!error.description.contains("\n"))
            }
        }
        #expect(refused > 1000)
    }

    @Test func noiseIsReadWithoutAFault() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<5000 {
            let noise = (0..<random.integer(in: 0...300)).map { _ in UInt8(random.integer(in: 0...255)) }
            let start = [
                [], Samples.signature, Samples.line("PROXY "), Samples.line("PROXY TCP4 "),
                Samples.signature + [0x21, 0x11, 0],
            ]
            let bytes = start[random.integer(in: 0...4)] + noise
            let sizes = (0..<bytes.count).map { _ in random.magnitude(in: 1...50) }
            #expect(Samples.read(bytes, sizes: sizes) == Samples.read(bytes, sizes: []))
        }
    }

    @Test func aParserKeepsNoMoreThanTheHeader() throws {
        var parser = ProxyHeaderParser()
        let bytes = Samples.block(0x21, 0x11, Samples.ipv4Body)
        let first = [UInt8](bytes[..<20])
        let step = try parser.read(first.span)
        #expect(step == .needsMore && parser.pending.count == 20 && parser.isInHeader)
        let rest = bytes[20...] + [UInt8](repeating: 0, count: 1000)
        _ = try parser.read(rest.span)
        #expect(parser.pending.isEmpty && !parser.isInHeader)
        let end = try parser.read(bytes.span)
        #expect(end == .noHeader)
        #expect(try Samples.parse([]) == nil)
        #expect(try Samples.parse(bytes + [1])?.byteCount == bytes.count)
        #expect(throws: ProxyError.missing) { try Samples.parse([1]) }
    }
}
