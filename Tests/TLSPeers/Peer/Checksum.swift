/// The CRC-32 of zlib, by which the script compares what arrived with what was sent.
struct Checksum {
    private var state: UInt32 = 0xFFFF_FFFF
    private(set) var count = 0

    var value: UInt32 { ~state }

    mutating func add(_ data: Span<UInt8>) {
        for index in data.indices {
            state = Checksum.table[Int((state ^ UInt32(data[index])) & 0xFF)] ^ (state >> 8)
        }
        count += data.count
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }
}
