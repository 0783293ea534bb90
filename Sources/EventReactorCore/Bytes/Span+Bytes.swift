// Received bytes as arrays and strings, and compared with them.
//
// Comparison is byte by byte, never by Unicode equivalence, and allocates nothing: a string literal is compared where it
// lies in the program. Span is not Equatable, hence the spelled-out `!=`.

extension Array where Element == UInt8 {
    /// Copies the bytes of a span, to keep them past the call that lent it.
    ///
    /// - Complexity: O(n); one allocation.
    @inlinable
    public init(_ data: Span<UInt8>) {
        self = unsafe data.withUnsafeBufferPointer { bytes in unsafe [UInt8](bytes) }
    }

    /// Adds the bytes of a span at the end.
    ///
    /// - Complexity: O(n) in the span's count, on average over many calls.
    @inlinable
    public mutating func append(contentsOf data: Span<UInt8>) {
        unsafe data.withUnsafeBufferPointer { bytes in unsafe append(contentsOf: bytes) }
    }
}

extension String {
    /// Reads bytes as UTF-8 and puts U+FFFD where they are not valid.
    ///
    /// The same as the standard library's initialiser for collections.
    @inlinable
    public init(decoding data: Span<UInt8>, as encoding: UTF8.Type) {
        self = unsafe data.withUnsafeBufferPointer { bytes in unsafe String(decoding: bytes, as: encoding) }
    }

    /// Reads bytes as UTF-8, or gives `nil` where they are not valid.
    @inlinable
    public init?(validating data: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: data) else { return nil }
        self.init(copying: text)
    }
}

extension Span where Element == UInt8 {
    /// Whether two spans hold the same bytes.
    @inlinable
    public static func == (left: Span<UInt8>, right: Span<UInt8>) -> Bool {
        left.count == right.count && left.matches(right, at: 0)
    }

    /// Whether two spans hold different bytes.
    @inlinable
    public static func != (left: Span<UInt8>, right: Span<UInt8>) -> Bool {
        !(left == right)
    }

    /// Whether a span holds the bytes of an array.
    @inlinable
    public static func == (left: Span<UInt8>, right: [UInt8]) -> Bool {
        left == right.span
    }

    /// Whether a span holds other bytes than an array.
    @inlinable
    public static func != (left: Span<UInt8>, right: [UInt8]) -> Bool {
        !(left == right)
    }

    /// Whether an array holds the bytes of a span.
    @inlinable
    public static func == (left: [UInt8], right: Span<UInt8>) -> Bool {
        right == left
    }

    /// Whether an array holds other bytes than a span.
    @inlinable
    public static func != (left: [UInt8], right: Span<UInt8>) -> Bool {
        !(right == left)
    }

    /// Whether a span holds the UTF-8 of a string, as in `data == "PING\r\n"`.
    @inlinable
    public static func == (left: Span<UInt8>, right: String) -> Bool {
        // A literal's count is known to the compiler: what differs in length is told apart at no cost.
        left.count == right.utf8.count && left == right.utf8.span
    }

    /// Whether a span holds other bytes than the UTF-8 of a string.
    @inlinable
    public static func != (left: Span<UInt8>, right: String) -> Bool {
        !(left == right)
    }

    /// Whether the UTF-8 of a string is what a span holds.
    @inlinable
    public static func == (left: String, right: Span<UInt8>) -> Bool {
        right == left
    }

    /// Whether the UTF-8 of a string is other bytes than a span holds.
    @inlinable
    public static func != (left: String, right: Span<UInt8>) -> Bool {
        !(right == left)
    }
}
