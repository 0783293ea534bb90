import EventReactor
import EventReactorProtocols

/// The arguments of one command, as ranges in its frame; the first is the command's name.
///
/// The framer fills it while it looks for the end of the frame, so that a command is parsed once. It is reused.
final class Arguments {
    // Touched at each argument, and never within another access: the check at run time costs as much as parsing.
    @exclusivity(unchecked) private var ranges: [(start: UInt32, end: UInt32)] = []

    /// Whether the frame is a line of words that have not been split yet.
    var isInline = false

    init() {}

    init(copying other: Arguments) { replace(by: other) }

    func replace(by other: Arguments) { unsafe ranges = unsafe other.ranges }

    var count: Int { unsafe ranges.count }

    subscript(index: Int) -> Range<Int> {
        let range = unsafe ranges[index]
        return Int(range.start)..<Int(range.end)
    }

    /// Adds an argument, in a frame of less than 4 GiB.
    func append(_ range: Range<Int>) { unsafe ranges.append((UInt32(range.lowerBound), UInt32(range.upperBound))) }

    func removeAll() {
        isInline = false
        unsafe ranges.removeAll(keepingCapacity: ranges.capacity <= 1024)
    }
}

/// Finds the commands in a stream of RESP: arrays of bulk strings, and lines of words.
///
/// Limits and errors are those of Redis. A command that arrives in parts is never scanned twice, and a length that was
/// announced costs nothing until the bytes arrive.
struct RESPFramer: Framer {
    /// Maximum length of a line: inline commands, and the header of an array or bulk string.
    static let longestLine = 64 * 1024
    /// Maximum length of a bulk string.
    static let longestBulk = 512 << 20
    /// Maximum number of arguments that an array may announce.
    static let mostArguments = Int(Int32.max)
    /// Maximum length of a command: Redis closes the connection, without a reply.
    static let longestCommand = 1 << 30

    let arguments = Arguments()
    /// Where the header begins that is looked at, or the content of the bulk string whose length is known.
    private var start = 0
    /// Arguments that have not been found yet; nil before the header of the array.
    private var remaining: Int?
    /// Length of the bulk string that begins at `start`; nil before its header.
    private var bulkCount: Int?

    mutating func next(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
        if scanned == 0 { begin() }
        if remaining == nil {
            guard let first = bytes.isEmpty ? nil : bytes[0] else { return .needMore(scanned: 0, missing: 1) }
            if first != UInt8(ascii: "*") { return try nextLine(in: bytes, scanned: scanned) }
            let header = try number(in: bytes, scanned: scanned, tooBig: "too big mbulk count string")
            guard let (value, end) = header else { return .needMore(scanned: bytes.count, missing: 1) }
            guard let value, value <= RESPFramer.mostArguments else {
                throw .malformed("Protocol error: invalid multibulk length")
            }
            remaining = value
            start = end
        }
        return try nextArguments(in: bytes, scanned: max(scanned, start))
    }

    private static func tooLong(_ byteCount: Int) -> FramingError {
        .tooLong(byteCount: byteCount, limit: longestCommand, setting: "RESPFramer.longestCommand")
    }

    private mutating func begin() {
        arguments.removeAll()
        start = 0
        remaining = nil
        bulkCount = nil
    }

    private mutating func nextArguments(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
        guard bytes.count <= RESPFramer.longestCommand else { throw RESPFramer.tooLong(bytes.count) }
        var scanned = scanned
        var left = remaining ?? 0
        defer { remaining = left }
        while left > 0 {
            if bulkCount == nil {
                let header = try number(in: bytes, scanned: scanned, tooBig: "too big bulk count string")
                guard let (value, end) = header else {
                    return .needMore(scanned: bytes.count, missing: left > 1 ? 6 : 3)
                }
                guard bytes[start] == UInt8(ascii: "$") else {
                    // Redis writes the byte as it is, which a text cannot.
                    let got = bytes[start] < 128 ? String(UnicodeScalar(bytes[start])) : "?"
                    throw .malformed("Protocol error: expected '$', got '\(got)'")
                }
                guard let value, 0...RESPFramer.longestBulk ~= value else {
                    throw .malformed("Protocol error: invalid bulk length")
                }
                bulkCount = value
                start = end
            }
            let end = start + (bulkCount ?? 0)
            guard end + 2 <= bytes.count else {
                guard end + 2 <= RESPFramer.longestCommand else { throw RESPFramer.tooLong(end + 2) }
                return .needMore(scanned: max(start, scanned), missing: end + 2 - bytes.count)
            }
            arguments.append(start..<end)
            // Redis does not look at the two bytes behind a bulk string either.
            start = end + 2
            scanned = start
            bulkCount = nil
            left -= 1
        }
        return .frame(0..<start, consumed: start)
    }

    /// Parses the number of the header at `start`, behind its first byte.
    ///
    /// - Returns: the number, nil if it is none, and the end of the header; or nil if the header is incomplete.
    @inline(__always)
    private func number(
        in bytes: Span<UInt8>, scanned: Int, tooBig: StaticString
    ) throws(FramingError) -> (value: Int?, end: Int)? {
        // The common case: a few digits that are here completely.
        var index = start + 1
        var value = 0
        let last = min(bytes.count - 1, start + 9)
        while index < last, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            value = value &* 10 &+ Int(digit)
            index &+= 1
        }
        if index < last, bytes[index] == UInt8(ascii: "\r"), bytes[start &+ 1] &- UInt8(ascii: "1") < 9 {
            return (value, index + 2)
        }
        return try anyNumber(in: bytes, scanned: scanned, tooBig: tooBig)
    }

    @inline(never)
    private func anyNumber(
        in bytes: Span<UInt8>, scanned: Int, tooBig: StaticString
    ) throws(FramingError) -> (value: Int?, end: Int)? {
        // The last byte that was scanned may be the "\r" whose "\n" had not arrived.
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\r"), from: max(start, scanned - 1)) else {
            if bytes.count - start > RESPFramer.longestLine { throw .malformed("Protocol error: \(tooBig)") }
            return nil
        }
        guard end + 2 <= bytes.count else { return nil }
        return (end > start ? Int(strictly: bytes.extracting(start + 1..<end)) : nil, end + 2)
    }

    private mutating func nextLine(in bytes: Span<UInt8>, scanned: Int) throws(FramingError) -> FrameStep {
        // As in Redis, whose lines are C strings, no line ends behind a zero byte: TLS is not taken for commands.
        let newline = bytes.firstIndex(of: UInt8(ascii: "\n"), from: scanned)
        let zero = bytes.firstIndex(of: 0, from: scanned)
        guard let newline, newline < zero ?? .max else {
            if bytes.count > RESPFramer.longestLine { throw .malformed("Protocol error: too big inline request") }
            return .needMore(scanned: zero ?? bytes.count, missing: 1)
        }
        arguments.isInline = true
        let end = newline > 0 && bytes[newline - 1] == UInt8(ascii: "\r") ? newline - 1 : newline
        return .frame(0..<end, consumed: newline + 1)
    }
}

extension Int {
    /// Creates an integer from decimal digits as Redis reads them: no plus sign, no leading zero, no space.
    init?(strictly bytes: Span<UInt8>) {
        let isNegative = !bytes.isEmpty && bytes[0] == UInt8(ascii: "-")
        let first = isNegative ? 1 : 0
        guard first < bytes.count, bytes.count <= 20 else { return nil }
        if bytes[first] == UInt8(ascii: "0") {
            guard bytes.count == 1 else { return nil }
            self = 0
            return
        }
        var value = 0
        for index in first..<bytes.count {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) =
                isNegative
                ? product.subtractingReportingOverflow(Int(digit)) : product.addingReportingOverflow(Int(digit))
            guard !overflow, !overflow2 else { return nil }
            value = sum
        }
        self = value
    }
}

/// Splits a line into words, with quotes and escapes as redis-cli has them.
///
/// - Parameters:
///   - line: the line, without its end.
///   - words: gets the words, one behind the other; it is emptied first.
///   - arguments: gets the ranges of the words.
/// - Returns: false if quotes are not balanced.
func splitWords(of line: Span<UInt8>, into words: inout [UInt8], _ arguments: Arguments) -> Bool {
    words.removeAll(keepingCapacity: true)
    arguments.removeAll()
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || 9...13 ~= byte }
    var index = 0
    while true {
        while index < line.count, isSpace(line[index]) { index += 1 }
        guard index < line.count, line[index] != 0 else { return true }
        let start = words.count
        var quote: UInt8?
        while index < line.count, quote != nil || !isSpace(line[index]) {
            let byte = line[index]
            let next = index + 1 < line.count ? line[index + 1] : 0
            index += 1
            if quote == nil {
                if byte == 0 { break }
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { quote = byte } else { words.append(byte) }
            } else if byte == quote {
                // A closing quote ends the word: a space or the end must follow.
                guard index == line.count || isSpace(next) else { return false }
                quote = nil
                break
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "'"), next == UInt8(ascii: "'") {
                words.append(next)
                index += 1
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), index < line.count {
                if next == UInt8(ascii: "x"), index + 2 < line.count, let high = hexDigit(line[index + 1]),
                    let low = hexDigit(line[index + 2])
                {
                    words.append((high << 4) | low)
                    index += 3
                } else {
                    words.append([110: 10, 114: 13, 116: 9, 98: 8, 97: 7][next] ?? next)
                    index += 1
                }
            } else {
                words.append(byte)
            }
        }
        guard quote == nil else { return false }
        arguments.append(start..<words.count)
    }
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
}
