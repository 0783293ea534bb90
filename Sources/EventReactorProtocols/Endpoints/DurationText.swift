import EventReactorCore

/// Times as decimal numbers of seconds, exact to the attosecond.
enum DurationText {
    private static let attosecondDigits = 18

    /// Reads digits, and decimals behind a point if there is one.
    static func parse(_ text: String) -> Duration? {
        let parts = ByteText.split(ByteText.bytes(text), keepsEmpty: true, at: ".")
        guard 1...2 ~= parts.count, let seconds = ByteText.number(parts[0]) else { return nil }
        guard parts.count == 2 else { return Duration(secondsComponent: Int64(seconds), attosecondsComponent: 0) }
        guard parts[1].count <= attosecondDigits, var rest = ByteText.number(parts[1]) else { return nil }
        for _ in parts[1].count..<attosecondDigits { rest *= 10 }
        return Duration(secondsComponent: Int64(seconds), attosecondsComponent: Int64(rest))
    }

    /// Writes a time so that it is read back as it is; nil for less than no time, and beyond what is read.
    static func of(_ time: Duration) -> String? {
        guard time >= .zero, time < Duration(secondsComponent: .max, attosecondsComponent: 0) else { return nil }
        let (seconds, rest) = time.components
        guard rest > 0 else { return "\(seconds)" }
        var digits = String(rest)
        digits = String(repeating: "0", count: attosecondDigits - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(seconds).\(digits)"
    }
}
