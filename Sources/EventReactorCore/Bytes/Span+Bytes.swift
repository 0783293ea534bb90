// Conversion of received bytes to arrays and strings, and comparison with them.
//
// Comparison is byte by byte, never by Unicode equivalence, and allocates nothing: a string literal is compared in its
// static storage. Span is not Equatable, hence the spelled-out `!=`.

extension Array where Element == UInt8 {
    /// Creates an array by copying a span, to keep its bytes after the callback that received it.
    ///
    /// - Parameter data: The bytes to copy.
    /// - Complexity: O(n), with one allocation.
    @inlinable
    public init(_ data: Span<UInt8>) {
        self = unsafe data.withUnsafeBufferPointer { bytes in unsafe [UInt8](bytes) }
    }

    /// Appends a copy of the bytes of a span.
    ///
    /// - Parameter data: The bytes to copy.
    /// - Complexity: Amortized O(n) in the count of the span.
    @inlinable
    public mutating func append(contentsOf data: Span<UInt8>) {
        unsafe data.withUnsafeBufferPointer { bytes in unsafe append(contentsOf: bytes) }
    }
}

extension String {
    /// Creates a string from UTF-8, with U+FFFD in place of invalid sequences.
    ///
    /// It is the counterpart of the standard library's initialiser for collections.
    ///
    /// - Parameters:
    ///   - data: The bytes.
    ///   - encoding: Always `UTF8.self`.
    /// - Complexity: O(n).
    @inlinable
    public init(decoding data: Span<UInt8>, as encoding: UTF8.Type) {
        self = unsafe data.withUnsafeBufferPointer { bytes in unsafe String(decoding: bytes, as: encoding) }
    }

    /// Creates a string from UTF-8, or returns `nil` if the bytes are not valid UTF-8.
    ///
    /// - Parameter data: The bytes.
    /// - Complexity: O(n).
    @inlinable
    public init?(validating data: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: data) else { return nil }
        self.init(copying: text)
    }
}

extension Span where Element == UInt8 {
    /// Whether two spans have the same bytes.
    ///
    /// - Complexity: O(n), as of all comparisons below; O(1) if the counts differ.
    @inlinable
    public static func == (left: Span<UInt8>, right: Span<UInt8>) -> Bool {
        left.count == right.count && left.matches(right, at: 0)
    }

    /// Whether two spans have different bytes.
    @inlinable
    public static func != (left: Span<UInt8>, right: Span<UInt8>) -> Bool {
        !(left == right)
    }

    /// Whether a span has the same bytes as an array.
    @inlinable
    public static func == (left: Span<UInt8>, right: [UInt8]) -> Bool {
        left == right.span
    }

    /// Whether a span and an array have different bytes.
    @inlinable
    public static func != (left: Span<UInt8>, right: [UInt8]) -> Bool {
        !(left == right)
    }

    /// Whether an array has the same bytes as a span.
    @inlinable
    public static func == (left: [UInt8], right: Span<UInt8>) -> Bool {
        right == left
    }

    /// Whether an array and a span have different bytes.
    @inlinable
    public static func != (left: [UInt8], right: Span<UInt8>) -> Bool {
        !(right == left)
    }

    /// Whether a span has the same bytes as the UTF-8 of a string, as in `data == "PING\r\n"`.
    @inlinable
    public static func == (left: Span<UInt8>, right: String) -> Bool {
        // The compiler knows a literal's count: a span of another length is rejected at no cost.
        left.count == right.utf8.count && left == right.utf8.span
    }

    /// Whether a span and the UTF-8 of a string have different bytes.
    @inlinable
    public static func != (left: Span<UInt8>, right: String) -> Bool {
        !(left == right)
    }

    /// Whether the UTF-8 of a string has the same bytes as a span.
    @inlinable
    public static func == (left: String, right: Span<UInt8>) -> Bool {
        right == left
    }

    /// Whether the UTF-8 of a string and a span have different bytes.
    @inlinable
    public static func != (left: String, right: Span<UInt8>) -> Bool {
        !(right == left)
    }
}
