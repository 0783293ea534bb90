/// The checksum CRC-32C, as RFC 4960, appendix B has it: that of the PROXY protocol.
enum CRC32C {
    /// Remainders of the 16 half bytes by Castagnoli's polynomial, 0x1EDC6F41, with its bits reversed.
    ///
    /// A table of all bytes would be twice as fast and take 1 KB, for headers of some hundred bytes.
    private static let table: [UInt32] = (0..<16).map { index in
        (0..<4).reduce(UInt32(index)) { rest, _ in rest & 1 == 0 ? rest >> 1 : rest >> 1 ^ 0x82F6_3B78 }
    }

    /// The checksum of bytes, of which four may count as zero.
    ///
    /// - Parameter hole: where the checksum itself is among the bytes; nil for nowhere.
    static func of(_ bytes: [UInt8], without hole: Range<Int>? = nil) -> UInt32 {
        let table = table
        var rest = UInt32.max
        for index in bytes.indices {
            rest ^= UInt32(hole?.contains(index) == true ? 0 : bytes[index])
            rest = rest >> 4 ^ table[Int(rest & 15)]
            rest = rest >> 4 ^ table[Int(rest & 15)]
        }
        return ~rest
    }
}
