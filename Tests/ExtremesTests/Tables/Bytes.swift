import EventReactor
import Testing

extension Parameter {
    /// Offsets into received bytes, and needles that are searched in them.
    static let bytes: [Parameter] = [
        Parameter(plain: "Span.firstIndex(of:from:)", Values.integers) { start in
            for text in texts {
                let found = text.span.firstIndex(of: 1, from: start)
                #expect(found.map { $0 >= start && $0 < text.count } ?? true)
            }
        },
        Parameter(plain: "Span.firstRange(of:from:)", Values.integers) { start in
            for text in texts {
                for needle in texts {
                    let found = text.span.firstRange(of: needle, from: start)
                    #expect(found.map { $0.lowerBound >= start && $0.upperBound <= text.count } ?? true)
                }
                _ = text.span.firstRange(of: "\u{1}\u{2}", from: start)
            }
        },
        Parameter(plain: "Span.bigEndianInteger(at:)", Values.integers) { offset in
            for text in texts {
                #expect(text.span.bigEndianInteger(at: offset, as: UInt8.self) == nil || text.indices.contains(offset))
                _ = text.span.bigEndianInteger(at: offset, as: Int16.self)
                _ = text.span.bigEndianInteger(at: offset, as: UInt64.self)
                _ = text.span.bigEndianInteger(at: offset, as: Int128.self)
            }
        },
        Parameter(plain: "Array(bigEndian:)", Values.integers) { value in
            let bytes = [UInt8](bigEndian: value)
            #expect(bytes.span.bigEndianInteger(at: 0, as: Int.self) == value)
            #expect([UInt8](bigEndian: UInt8(truncatingIfNeeded: value)).count == 1)
        },
        Parameter(plain: "Span.starts(with:) and ends(with:)", Values.texts) { text in
            for bytes in texts { _ = (bytes.span.starts(with: text), bytes.span.ends(with: text), bytes.span == text) }
            let own = [UInt8](text.utf8)
            #expect(own.span.starts(with: text) && own.span.ends(with: text) && own.span == text)
            #expect(own.span.firstRange(of: text) == 0..<own.count)
        },
    ]

    private static let texts: [[UInt8]] = [
        [], [1], [1, 2], [UInt8](repeating: 1, count: 20), [UInt8](repeating: 0, count: 65_536),
    ]
}
