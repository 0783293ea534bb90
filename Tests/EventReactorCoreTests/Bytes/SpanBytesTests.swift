import EventReactorCore
import TestSupport
import Testing

// `as Bool` keeps #expect from taking a comparison apart: its helpers are generic, and a span may not pass through them.

@Suite struct SpanBytesTests {
    // MARK: Copies

    @Test(arguments: [[], [0], [1, 2, 3], [UInt8](repeating: 7, count: 5000)] as [[UInt8]])
    func arrayCopiesEveryByte(bytes: [UInt8]) {
        #expect([UInt8](bytes.span) == bytes)
        var collected: [UInt8] = [9]
        collected.append(contentsOf: bytes.span)
        #expect(collected == [9] + bytes)
    }

    @Test func emptySpanWithoutAnAddressIsTaken() {
        let data = Span<UInt8>()
        #expect([UInt8](data).isEmpty)
        #expect(String(decoding: data, as: UTF8.self).isEmpty)
        #expect(String(validating: data) == .some(""))
        #expect((data == "") as Bool)
        #expect((data == []) as Bool)
        #expect((data == data) as Bool)
        #expect((data != "x") as Bool)
        #expect(data.starts(with: "") as Bool)
        #expect(data.ends(with: "") as Bool)
        #expect(!data.starts(with: "x") as Bool)
        #expect(!data.ends(with: "x") as Bool)
        #expect(data.firstIndex(of: 0) == nil)
        #expect(data.lastIndex(of: 0) == nil)
        #expect(data.firstRange(of: "x") == nil)
        #expect(data.firstRange(of: "") == 0..<0)
        #expect(data.bigEndianInteger(at: 0, as: UInt8.self) == nil)
        let bytes: [UInt8] = [1]
        #expect(bytes.span.starts(with: data) as Bool)
        #expect(bytes.span.ends(with: data) as Bool)
        #expect(bytes.span.firstRange(of: data) == 0..<0)
    }

    // MARK: Text

    @Test(arguments: ["", "PING\r\n", "é", "🐎 and a text of more than fifteen bytes", "a\0b"])
    func validUTF8IsRead(text: String) {
        let bytes = [UInt8](text.utf8)
        #expect(String(decoding: bytes.span, as: UTF8.self) == text)
        #expect(String(validating: bytes.span) == text)
    }

    @Test(
        arguments: [
            ([0xff], "\u{fffd}"), ([0x61, 0xc3], "a\u{fffd}"), ([0xc0, 0x80], "\u{fffd}\u{fffd}"),
            ([0xed, 0xa0, 0x80, 0x62], "\u{fffd}\u{fffd}\u{fffd}b"), ([0xf0, 0x9f, 0x90], "\u{fffd}"),
        ] as [([UInt8], String)]
    )
    func invalidUTF8IsRepairedOrRefused(bytes: [UInt8], repaired: String) {
        #expect(String(decoding: bytes.span, as: UTF8.self) == repaired)
        #expect(String(decoding: bytes, as: UTF8.self) == repaired)
        #expect(String(validating: bytes.span) == nil)
    }

    @Test func collectionsKeepTheirOwnInitialisers() {
        let bytes: [UInt8] = [0x61, 0x62]
        #expect(String(decoding: bytes, as: UTF8.self) == "ab")
        #expect(String(decoding: bytes[1...], as: UTF8.self) == "b")
        #expect(String(validating: bytes, as: UTF8.self) == "ab")
        #expect([UInt8](bytes[1...]) == [0x62])
        #expect([UInt8]("ab".utf8) == bytes)
        #expect(["a".utf8, "b".utf8].map([UInt8].init) == [[0x61], [0x62]])
        var collected = bytes
        collected.append(contentsOf: [0x63])
        collected.append(contentsOf: "d".utf8)
        #expect(collected == [0x61, 0x62, 0x63, 0x64])
    }

    // MARK: Comparison

    @Test func literalIsComparedInEitherOrder() {
        let bytes = [UInt8]("PING\r\n".utf8), data = bytes.span
        #expect((data == "PING\r\n") as Bool)
        #expect(("PING\r\n" == data) as Bool)
        #expect((!(data != "PING\r\n")) as Bool)
        #expect((!("PING\r\n" != data)) as Bool)
        #expect((data != "PING\r") as Bool)
        #expect((data != "PING\r\n\n") as Bool)
        #expect((data != "PONG\r\n") as Bool)
        #expect(("PONG\r\n" != data) as Bool)
        #expect(("" != data) as Bool)
    }

    @Test(arguments: ["x", "fifteen bytes..", "sixteen bytes...", "a text of more than fifteen bytes", "é🐎", "a\0b"])
    func stringMadeAtRunTimeIsCompared(text: String) {
        let made = String(text.reversed().reversed())
        let bytes = [UInt8](text.utf8)
        #expect((bytes.span == made) as Bool)
        #expect((made == bytes.span) as Bool)
        #expect((bytes.span != made + "\0") as Bool)
        #expect((made.uppercased() + "!" != bytes.span) as Bool)
    }

    @Test func textIsComparedByBytesNotByEquivalence() {
        let composed = [UInt8]("\u{e9}".utf8)
        #expect("\u{e9}" == "e\u{301}")
        #expect((composed.span == "\u{e9}") as Bool)
        #expect((composed.span != "e\u{301}") as Bool)
        let lineEnd = [UInt8]("\r\n".utf8)
        #expect(lineEnd.span.starts(with: "\r") as Bool)
        #expect(lineEnd.span.ends(with: "\n") as Bool)
    }

    @Test func arraysAndSpansAreCompared() {
        let bytes: [UInt8] = [1, 2, 3], same: [UInt8] = [1, 2, 3], other: [UInt8] = [1, 2, 4]
        #expect((bytes.span == same.span) as Bool)
        #expect((bytes.span != other.span) as Bool)
        #expect((bytes.span == same) as Bool)
        #expect((same == bytes.span) as Bool)
        #expect((bytes.span != other) as Bool)
        #expect((other != bytes.span) as Bool)
        #expect((bytes.span == [1, 2, 3]) as Bool)
        #expect(([1, 2, 3] == bytes.span) as Bool)
        #expect((bytes.span != [1, 2]) as Bool)
        #expect((bytes.span != []) as Bool)
        #expect((bytes.span.extracting(1...) == [2, 3]) as Bool)
    }

    // MARK: Search

    @Test func prefixAndSuffixAreFound() {
        let bytes = [UInt8]("GET / HTTP/1.1\r\n".utf8), data = bytes.span
        #expect(data.starts(with: "GET ") as Bool)
        #expect(data.starts(with: [0x47]) as Bool)
        #expect(data.starts(with: bytes) as Bool)
        #expect(data.starts(with: data.extracting(..<3)) as Bool)
        #expect(data.starts(with: "") as Bool)
        #expect(!data.starts(with: "PUT ") as Bool)
        #expect(!data.starts(with: bytes + [0]) as Bool)
        #expect(data.ends(with: "\r\n") as Bool)
        #expect(data.ends(with: [0x0a]) as Bool)
        #expect(data.ends(with: bytes) as Bool)
        #expect(data.ends(with: data.extracting(3...)) as Bool)
        #expect(data.ends(with: "") as Bool)
        #expect(!data.ends(with: "\r") as Bool)
        #expect(!data.ends(with: [0] + bytes) as Bool)
    }

    @Test func byteIsFoundFromEitherEnd() {
        let bytes: [UInt8] = [5, 0, 255, 5, 0], data = bytes.span
        #expect(data.firstIndex(of: 5) == 0)
        #expect(data.firstIndex(of: 0) == 1)
        #expect(data.firstIndex(of: 255) == 2)
        #expect(data.firstIndex(of: 7) == nil)
        #expect(data.lastIndex(of: 5) == 3)
        #expect(data.lastIndex(of: 0) == 4)
        #expect(data.lastIndex(of: 255) == 2)
        #expect(data.lastIndex(of: 7) == nil)
        #expect(data.extracting(1..<3).firstIndex(of: 5) == nil)
        #expect(data.extracting(2...).firstIndex(of: 5) == 1)
    }

    @Test(
        arguments: [
            (0, 0), (1, 3), (3, 3), (4, nil), (5, nil), (.max, nil), (-1, 0), (.min, 0),
        ] as [(Int, Int?)]
    )
    func byteSearchBeginsAnywhere(start: Int, found: Int?) {
        let bytes: [UInt8] = [5, 0, 255, 5]
        #expect(bytes.span.firstIndex(of: 5, from: start) == found)
    }

    @Test(
        arguments: [
            ("", "", 0), ("a", "", 0), ("", "a", nil), ("a", "ab", nil), ("abc", "abc", 0), ("xabc", "abc", 1),
            ("aab", "ab", 1), ("aaab", "aab", 1), ("abab", "abc", nil), ("\r\r\n\n", "\r\n", 1), ("abcab", "ab", 0),
            ("a: b\r\n\r\nbody", "\r\n\r\n", 4), ("a\0b", "\0b", 1), ("abc", "c", 2), ("abc", "cd", nil),
            ("x", "a text longer than what is searched", nil), ("日本語", "語", 6),
        ] as [(String, String, Int?)]
    )
    func needleIsFoundWhereItFirstStands(text: String, needle: String, index: Int?) {
        let bytes = [UInt8](text.utf8), wanted = [UInt8](needle.utf8)
        let expected = index.map { $0..<$0 + wanted.count }
        #expect(bytes.span.firstRange(of: needle) == expected)
        #expect(bytes.span.firstRange(of: wanted) == expected)
        #expect(bytes.span.firstRange(of: wanted.span) == expected)
    }

    @Test(
        arguments: [
            (0, 0), (1, 2), (2, 2), (3, nil), (4, nil), (5, nil), (.max, nil), (-1, 0), (.min, 0),
        ] as [(Int, Int?)]
    )
    func needleSearchBeginsAnywhere(start: Int, found: Int?) {
        let bytes = [UInt8]("abab".utf8)
        #expect(bytes.span.firstRange(of: "ab", from: start)?.lowerBound == found)
        #expect(bytes.span.firstRange(of: [0x61, 0x62], from: start)?.lowerBound == found)
    }

    @Test func emptyNeedleStandsWhereTheSearchBegins() {
        let bytes: [UInt8] = [1, 2]
        #expect(bytes.span.firstRange(of: "", from: 1) == 1..<1)
        #expect(bytes.span.firstRange(of: "", from: 2) == 2..<2)
        #expect(bytes.span.firstRange(of: "", from: 3) == nil)
    }

    @Test func searchAgreesWithTheStandardLibrary() {
        var generator = Numbers(seed: 1)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...20, using: &generator)).map { _ in UInt8(generator.next() % 2) }
            let needle = (0..<Int.random(in: 1...5, using: &generator)).map { _ in UInt8(generator.next() % 2) }
            #expect(bytes.span.firstRange(of: needle) == bytes.firstRange(of: needle))
            #expect(bytes.span.firstIndex(of: 1) == bytes.firstIndex(of: 1))
            #expect(bytes.span.lastIndex(of: 1) == bytes.lastIndex(of: 1))
        }
    }
}

@Suite struct BigEndianTests {
    @Test func integersAreReadMostSignificantByteFirst() {
        let bytes: [UInt8] = [0x01, 0x02, 0xff, 0x80, 0x05, 0x06, 0x07, 0x08, 0x09], data = bytes.span
        #expect(data.bigEndianInteger(at: 0, as: UInt8.self) == 1)
        #expect(data.bigEndianInteger(at: 0, as: UInt16.self) == 0x0102)
        #expect(data.bigEndianInteger(at: 1, as: UInt32.self) == 0x02ff_8005)
        #expect(data.bigEndianInteger(at: 1, as: UInt64.self) == 0x02ff_8005_0607_0809)
        #expect(data.bigEndianInteger(at: 8, as: UInt8.self) == 9)
        let inferred: UInt16? = data.bigEndianInteger(at: 7)
        #expect(inferred == 0x0809)
    }

    @Test func signedIntegersAreTwosComplement() {
        let bytes: [UInt8] = [0xff, 0xfe, 0x80, 0, 0, 0], data = bytes.span
        #expect(data.bigEndianInteger(at: 0, as: Int8.self) == -1)
        #expect(data.bigEndianInteger(at: 0, as: Int16.self) == -2)
        #expect(data.bigEndianInteger(at: 2, as: Int8.self) == .min)
        #expect(data.bigEndianInteger(at: 2, as: Int32.self) == .min)
    }

    @Test(arguments: [-1, .min, 1, 4, 5, .max, .max - 3])
    func offsetOutsideTheSpanGivesNothing(offset: Int) {
        let bytes: [UInt8] = [1, 2, 3, 4]
        #expect(bytes.span.bigEndianInteger(at: offset, as: UInt32.self) == nil)
        #expect(bytes.span.bigEndianInteger(at: offset, as: UInt128.self) == nil)
    }

    @Test func integerWiderThanTheSpanGivesNothing() {
        let bytes: [UInt8] = [1, 2, 3]
        #expect(bytes.span.bigEndianInteger(at: 0, as: UInt32.self) == nil)
        #expect(bytes.span.bigEndianInteger(at: 1, as: UInt16.self) == 0x0203)
        #expect(bytes.span.bigEndianInteger(at: 2, as: UInt16.self) == nil)
    }

    @Test func integersAreWrittenMostSignificantByteFirst() {
        var bytes: [UInt8] = [9]
        bytes.append(bigEndian: UInt16(0x0102))
        bytes.append(bigEndian: Int8(-1))
        bytes.append(bigEndian: Int32(-2))
        #expect(bytes == [9, 1, 2, 0xff, 0xff, 0xff, 0xff, 0xfe])
        #expect([UInt8](bigEndian: UInt64(1)) == [0, 0, 0, 0, 0, 0, 0, 1])
        #expect([UInt8](bigEndian: UInt8(0x80)) == [0x80])
        #expect([UInt8](bigEndian: 5).count == Int.bitWidth / 8)
    }

    @Test func everyWidthReadsBackAsWritten() {
        func check<Integer: FixedWidthInteger>(_ type: Integer.Type) {
            for value in [Integer.min, .max, 0, 1, .max / 3] {
                let bytes = [UInt8](bigEndian: value)
                #expect(bytes.count == Integer.bitWidth / 8)
                #expect(bytes.span.bigEndianInteger(at: 0, as: type) == value)
            }
        }
        check(UInt8.self)
        check(Int8.self)
        check(UInt16.self)
        check(Int16.self)
        check(UInt32.self)
        check(Int32.self)
        check(UInt64.self)
        check(Int64.self)
        check(UInt128.self)
        check(Int128.self)
    }
}
