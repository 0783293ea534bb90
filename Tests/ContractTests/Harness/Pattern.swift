import EventReactor
import Glibc

/// An endless stream of known bytes, which tests send and check at the other end.
///
/// The bytes are ASCII, so that any part of it can be written as a string too, and repeat after a prime number, so that
/// a loss of any usual size shows.
enum Pattern {
    static let period = 65_521

    private static let block: [UInt8] = {
        var seed: UInt32 = 2_463_534_242
        return (0..<period).map { _ in
            seed ^= seed << 13
            seed ^= seed >> 17
            seed ^= seed << 5
            return 0x20 + UInt8(seed % 95)
        }
    }()

    /// Bytes of the stream.
    static func bytes(_ count: Int, from offset: Int = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let start = (offset + bytes.count) % period
            bytes.append(contentsOf: block[start..<min(period, start + count - bytes.count)])
        }
        return bytes
    }

    /// Whether bytes are equal to the stream's from an offset on.
    static func isFound(in bytes: [UInt8], from offset: Int = 0) -> Bool {
        let expected = Pattern.bytes(bytes.count, from: offset)
        return unsafe bytes.withUnsafeBytes { found in
            unsafe expected.withUnsafeBytes { wanted in
                unsafe found.isEmpty || memcmp(found.baseAddress!, wanted.baseAddress!, found.count) == 0
            }
        }
    }
}
