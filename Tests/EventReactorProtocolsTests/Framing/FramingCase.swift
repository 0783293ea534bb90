import EventReactorCore
import EventReactorProtocols
import Testing

/// A kind of framing, and how frames are written in it.
struct FramingCase: CustomTestStringConvertible, Sendable {
    let name: String
    let make: @Sendable (FrameRecorder, _ limit: Int) -> Protocol
    let encode: @Sendable ([UInt8]) -> [UInt8]

    var testDescription: String { name }

    static let all: [FramingCase] =
        lines + [
            FramingCase(
                name: "delimiter of three bytes", make: { Recording.Delimited($0, Array("aab".utf8), limit: $1) },
                encode: { $0 + Array("aab".utf8) }),
            FramingCase(
                name: "netstrings", make: { Recording.Netstrings($0, limit: $1) },
                encode: { Array("\($0.count):".utf8) + $0 + [UInt8(ascii: ",")] }),
            FramingCase(
                name: "mixed, netstrings", make: { Recording.Mixed($0, .netstring(limit: $1)) },
                encode: { Array("\($0.count):".utf8) + $0 + [UInt8(ascii: ",")] }),
        ] + prefixes

    private static let lines: [FramingCase] = [
        FramingCase(
            name: "lines, CR LF", make: { Recording.Lines($0, limit: $1) }, encode: { $0 + [13, 10] }),
        FramingCase(
            name: "lines, LF", make: { Recording.Lines($0, .lf, limit: $1) }, encode: { $0 + [10] }),
        FramingCase(
            name: "lines, LF or CR LF", make: { Recording.Lines($0, .newline, limit: $1) },
            encode: { $0 + ($0.count % 2 == 0 ? [10] : [13, 10]) }),
        FramingCase(
            name: "mixed, lines", make: { Recording.Mixed($0, .line(limit: $1)) }, encode: { $0 + [13, 10] }),
    ]

    private static let prefixes: [FramingCase] = [
        prefixed("uint16", .uint16) { [UInt8](bigEndian: UInt16($0)) },
        prefixed("uint32", .uint32) { [UInt8](bigEndian: UInt32($0)) },
        prefixed("uint64", .uint64) { [UInt8](bigEndian: UInt64($0)) },
        prefixed("uint16, little-endian", .uint16LittleEndian) { [UInt8](bigEndian: UInt16($0)).reversed() },
        prefixed("uint32, little-endian", .uint32LittleEndian) { [UInt8](bigEndian: UInt32($0)).reversed() },
        prefixed("uint64, little-endian", .uint64LittleEndian) { [UInt8](bigEndian: UInt64($0)).reversed() },
        prefixed("varint", .varint) { length in
            var (bytes, rest): ([UInt8], Int) = ([], length)
            while rest >= 128 {
                bytes.append(UInt8(rest % 128) | 128)
                rest /= 128
            }
            return bytes + [UInt8(rest)]
        },
    ]

    private static func prefixed(
        _ name: String, _ prefix: LengthPrefix, _ length: @escaping @Sendable (Int) -> [UInt8]
    ) -> FramingCase {
        FramingCase(
            name: name, make: { Recording.Prefixed($0, prefix, limit: $1) }, encode: { length($0.count) + $0 })
    }

    /// Frames that hold no delimiter of any kind.
    static func frames(_ sizes: [Int]) -> [[UInt8]] {
        sizes.enumerated().map { index, size in
            (0..<size).map { UInt8(ascii: "c") + UInt8(($0 + index) % 20) }
        }
    }
}
