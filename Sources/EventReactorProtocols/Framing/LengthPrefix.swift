import EventReactorCore

/// How the length in front of a frame is written.
public struct LengthPrefix: Hashable, Sendable {
    /// The bytes of the length; 0 for a varint, whose bytes tell.
    let width: Int
    let isLittleEndian: Bool

    /// One byte: frames of up to 255 bytes.
    public static let uint8 = LengthPrefix(width: 1, isLittleEndian: false)
    /// Two bytes, the most significant first: frames of up to 65,535 bytes.
    public static let uint16 = LengthPrefix(width: 2, isLittleEndian: false)
    /// Four bytes, the most significant first.
    public static let uint32 = LengthPrefix(width: 4, isLittleEndian: false)
    /// Eight bytes, the most significant first.
    public static let uint64 = LengthPrefix(width: 8, isLittleEndian: false)
    /// Two bytes, the least significant first.
    public static let uint16LittleEndian = LengthPrefix(width: 2, isLittleEndian: true)
    /// Four bytes, the least significant first.
    public static let uint32LittleEndian = LengthPrefix(width: 4, isLittleEndian: true)
    /// Eight bytes, the least significant first.
    public static let uint64LittleEndian = LengthPrefix(width: 8, isLittleEndian: true)
    /// Base 128, seven bits a byte, the least significant first, as in Protocol Buffers: one to ten bytes.
    public static let varint = LengthPrefix(width: 0, isLittleEndian: true)

    /// The most that can be written.
    var largest: Int {
        width == 0 || width == 8 ? .max : (1 << (width * 8)) - 1
    }

    /// Reads a length.
    ///
    /// - Returns: the length, with `Int.max` for what is larger, and its bytes; nil if they have not all arrived.
    @inline(__always)
    func read(_ bytes: Span<UInt8>) throws(FramingError) -> (length: Int, width: Int)? {
        guard width > 0 else { return try LengthPrefix.readVarint(bytes) }
        guard bytes.count >= width else { return nil }
        var value: UInt64 = 0
        if isLittleEndian {
            for index in 0..<width { value |= UInt64(bytes[index]) << UInt64(8 * index) }
        } else {
            for index in 0..<width { value = value << 8 | UInt64(bytes[index]) }
        }
        return (Int(clamping: value), width)
    }

    private static func readVarint(_ bytes: Span<UInt8>) throws(FramingError) -> (length: Int, width: Int)? {
        var value: UInt64 = 0
        for index in 0..<min(bytes.count, 10) {
            let byte = bytes[index]
            // The tenth has the last of 64 bits.
            if index == 9, byte > 1 { throw .malformed("a varint of more than 64 bits") }
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 { return (Int(clamping: value), index + 1) }
        }
        return nil
    }

    /// Appends a length.
    func append(_ length: Int, to bytes: inout [UInt8]) {
        var rest = UInt64(length)
        if width == 0 {
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        } else {
            for index in 0..<width {
                let shift = 8 * (isLittleEndian ? index : width - 1 - index)
                bytes.append(UInt8(truncatingIfNeeded: rest >> UInt64(shift)))
            }
        }
    }
}
