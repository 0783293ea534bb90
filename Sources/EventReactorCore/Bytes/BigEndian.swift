// Integers in network byte order: the most significant byte first.

extension Span where Element == UInt8 {
    /// Reads an integer in big-endian byte order.
    ///
    /// ```swift
    /// guard let length = data.bigEndianInteger(at: 4, as: UInt32.self) else { return }
    /// ```
    ///
    /// - Parameters:
    ///   - offset: The index of the integer's first byte; any value is allowed, negative ones included.
    ///   - type: The integer's type, signed (two's complement) or unsigned; it determines the number of bytes.
    /// - Returns: The integer, or `nil` if the span does not contain all of its bytes.
    @inlinable
    public func bigEndianInteger<Integer: FixedWidthInteger>(
        at offset: Int,
        as type: Integer.Type = Integer.self
    ) -> Integer? {
        let width = (Integer.bitWidth + 7) / 8
        guard offset >= 0, offset <= count - width else { return nil }
        var value: Integer = 0
        for index in offset..<offset + width {
            // In bounds by the check above. Unchecked, the compiler reduces the loop to a single load.
            value = value << 8 | Integer(truncatingIfNeeded: unsafe self[unchecked: index])
        }
        return value
    }
}

extension Array where Element == UInt8 {
    /// Creates an array of the bytes of an integer in big-endian byte order.
    ///
    /// The integer's type determines the number of bytes: `[UInt8](bigEndian: UInt16(80))` has two, while a bare
    /// literal is an `Int` and gives eight.
    ///
    /// - Parameter value: The integer.
    @inlinable
    public init(bigEndian value: some FixedWidthInteger) {
        self = []
        append(bigEndian: value)
    }

    /// Appends the bytes of an integer in big-endian byte order.
    ///
    /// The integer's type determines their number: `frame.append(bigEndian: UInt32(body.count))` appends four.
    ///
    /// - Parameter value: The integer.
    @inlinable
    public mutating func append(bigEndian value: some FixedWidthInteger) {
        var shift = (value.bitWidth + 7) / 8 * 8
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
