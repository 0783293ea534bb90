/// Parsing of short texts as arrays of bytes.
///
/// The generic `split`, `prefix` and the like are compiled again for each view of a string that they are used with, 1 to
/// 2 KB of code each time. These are compiled once; they are for texts of the system and of callers, not for traffic.
package enum ByteText {
    /// The parts of a text between separators, ASCII characters, without empty ones unless they are to be kept.
    @inline(never)
    package static func split(
        _ text: [UInt8], keepsEmpty: Bool = false, at separators: String
    ) -> [[UInt8]] {
        let separators = bytes(separators)
        var parts: [[UInt8]] = []
        var part: [UInt8] = []
        for byte in text {
            if !separators.contains(byte) {
                part.append(byte)
            } else {
                if keepsEmpty || !part.isEmpty { parts.append(part) }
                part = []
            }
        }
        if keepsEmpty || !part.isEmpty { parts.append(part) }
        return parts
    }

    /// The bytes of a text; `[UInt8](text.utf8)` compiled once.
    @inline(never)
    package static func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

    /// Whether a text has a NUL, at which C would end it.
    @inline(never)
    package static func hasNUL(_ text: String) -> Bool { bytes(text).contains(0) }

    /// The number that decimal digits alone make, without a sign; `nil` for other text, and if it is too large.
    @inline(never)
    package static func number(_ digits: [UInt8]) -> Int? {
        var number = 0
        for digit in digits {
            let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isJustTooLarge) = tens.addingReportingOverflow(Int(digit) - Int(UInt8(ascii: "0")))
            guard isDigit(digit), !isTooLarge, !isJustTooLarge else { return nil }
            number = sum
        }
        return digits.isEmpty ? nil : number
    }

    /// Whether a byte is a decimal digit.
    static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    /// Whether a byte is a hexadecimal digit of either case.
    static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
    }

    /// The byte, an ASCII capital letter in lower case.
    package static func lowercased(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }
}
