// Integers as networks write them: the most significant byte first.

extension Span where Element == UInt8 {
    /// Reads an integer, most significant byte first, or gives `nil` where not all of it is inside the span.
    ///
    ///     guard let length = data.bigEndianInteger(at: 4, as: UInt32.self) else { return }
    ///
    /// - Parameters:
    ///   - offset: The index of the integer's first byte. Any value may be given, also a negative one.
    ///   - type: The integer's type, signed (two's complement) or not; it says how many bytes there are.
    @inlinable
    public func bigEndianInteger<Integer: FixedWidthInteger>(
        at offset: Int,
        as type: Integer.Type = Integer.self
    ) -> Integer? {
        let width = (Integer.bitWidth + 7) / 8
        guard offset >= 0, offset <= count - width else { return nil }
        var value: Integer = 0
        for index in offset..<offset + width {
            // Within bounds by the check above; unchecked, the compiler makes one load of it.
            value = value << 8 | Integer(truncatingIfNeeded: unsafe self[unchecked: index])
        }
        return value
    }
}

extension Array where Element == UInt8 {
    /// The bytes of an integer, most significant first.
    ///
    /// Say its type, since it decides how many bytes there are: `[UInt8](bigEndian: UInt16(80))` has two, while a bare
    /// literal is an `Int` and has eight.
    @inlinable
    public init(bigEndian value: some FixedWidthInteger) {
        self = []
        append(bigEndian: value)
    }

    /// Adds the bytes of an integer at the end, most significant first.
    ///
    /// Its type decides how many: `frame.append(bigEndian: UInt32(body.count))` adds four.
    @inlinable
    public mutating func append(bigEndian value: some FixedWidthInteger) {
        var shift = (value.bitWidth + 7) / 8 * 8
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
