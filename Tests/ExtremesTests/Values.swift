/// The values that parameters are given: the smallest, the largest, zero, negative and absurd ones.
enum Values {
    static let integers: [Int] = [
        .min, .min + 1, -65_536, -1, 0, 1, 2, 65_535, 65_536, Int(Int32.max), Int(Int32.max) + 1, Int(UInt32.max) + 1,
        .max / 2 + 1, .max - 1, .max,
    ]

    static let optionalIntegers: [Int?] = integers + [nil]

    /// Zero and less.
    static let noTimes: [Duration] = [
        Duration(attoseconds: .min), .seconds(Int64.min) * 2, .seconds(Int64.min), .nanoseconds(Int64.min),
        .seconds(-1),
        .nanoseconds(-1), Duration(attoseconds: -1), .zero,
    ]

    /// Too short to wait for.
    static let shortTimes: [Duration] = [Duration(attoseconds: 1), .nanoseconds(1), .microseconds(1)]

    /// Longer than any test; the first ones around the range of 64 bits of nanoseconds.
    static let longTimes: [Duration] = [
        .seconds(4_000_000), .seconds(9_223_372_036), .seconds(9_223_372_037), .nanoseconds(Int64.max),
        .seconds(Int64(Int32.max) + 1), .seconds(Int64.max), .seconds(Int64.max) * 2, Duration(attoseconds: .max),
    ]

    static let durations = noTimes + shortTimes + longTimes

    static let optionalDurations: [Duration?] = durations + [nil]

    static let numbers: [Double] = [
        -.infinity, -.greatestFiniteMagnitude, -1, -.leastNonzeroMagnitude, -0.0, .leastNonzeroMagnitude, 0.5, 1, 100,
        1e308, .greatestFiniteMagnitude, .infinity, .nan, -.nan, .signalingNaN,
    ]

    /// Numbers of 32 bits that are no open descriptors, and no signals that can be handled.
    static let noDescriptors: [Int32] = [.min, .min + 1, -1, 1 << 30, .max - 1, .max]

    static let seeds: [UInt64] = [0, 1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max - 1, .max]

    /// Texts that are no addresses, or look like some.
    static let texts: [String] =
        [
            "", " ", "\0", "a\0b", "\0a", "127.0.0.1\0", "\n", "a\r\nb", "\u{7F}", "\u{85}", "\u{1F4A9}", "e\u{301}",
            "\u{202E}abc", "\u{FEFF}", "\u{FFFD}", "\u{10FFFF}", ".", "..", "/", "//", "../..", "a..b", "%", "%s%n",
            "-",
            ":", "::", "[", "]", "[]", "[::", "[::1", "::1]", "[[::1]]", "[::1]:80", "::1%", "::1%%", "fe80::1%eth0",
            "fe80::1%4294967295", "fe80::1%4294967296", "fe80::1%-1", "::ffff:1.2.3.4%eth0", "::ffff:1.2.3", ":::",
            "1:2:3:4:5:6:7:8:9", "12345::", "1.2.3.4.5", "1.2.3.256", "127.0.0.1:80", "127.0.0.1 ", "localhost:80",
            "http://127.0.0.1/", "user@127.0.0.1", "*", "\\", "\"", "{}", "$(true)",
        ] + [15, 16, 63, 64, 107, 108, 255, 256, 4096].map { String(repeating: "a", count: $0) } + long

    private static let long: [String] = [
        String(repeating: "\u{E9}", count: 54), String(repeating: "a", count: 1_000_000),
        String(repeating: "a.", count: 50_000), String(repeating: ":", count: 100_000),
        String(repeating: "[", count: 10_000), String(repeating: "\0", count: 10_000),
        "::1%" + String(repeating: "x", count: 100_000), "e" + String(repeating: "\u{301}", count: 10_000),
    ]
}
