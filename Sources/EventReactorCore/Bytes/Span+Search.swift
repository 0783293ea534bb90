#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

// Searching in received bytes. No argument, however far out of range, traps.
//
// Extract what was found with Span's own `extracting`. It traps if a range ends past the span, so pass indices that
// were found here; or use `extracting(first:)` and `extracting(droppingFirst:)`, which clamp to the span and trap for
// negative arguments only:
//
//     if let line = data.firstRange(of: "\r\n") {
//         handle(data.extracting(..<line.lowerBound))
//         rest = [UInt8](data.extracting(line.upperBound...))
//     }

extension Span where Element == UInt8 {
    /// Whether the span begins with the bytes of another; every span begins with an empty one.
    ///
    /// - Parameter prefix: The bytes to compare with.
    /// - Complexity: O(n) in the count of the prefix.
    @inlinable
    public func starts(with prefix: Span<UInt8>) -> Bool {
        prefix.count <= count && matches(prefix, at: 0)
    }

    /// Whether the span begins with the bytes of an array.
    ///
    /// - Parameter prefix: The bytes to compare with.
    /// - Complexity: O(n) in the count of the prefix.
    @inlinable
    public func starts(with prefix: [UInt8]) -> Bool {
        starts(with: prefix.span)
    }

    /// Whether the span begins with the UTF-8 of a string, as in `data.starts(with: "GET ")`.
    ///
    /// - Parameter prefix: The string to compare with.
    /// - Complexity: O(n) in the count of the prefix.
    @inlinable
    public func starts(with prefix: String) -> Bool {
        starts(with: prefix.utf8.span)
    }

    /// Whether the span ends with the bytes of another; every span ends with an empty one.
    ///
    /// - Parameter suffix: The bytes to compare with.
    /// - Complexity: O(n) in the count of the suffix.
    @inlinable
    public func ends(with suffix: Span<UInt8>) -> Bool {
        suffix.count <= count && matches(suffix, at: count - suffix.count)
    }

    /// Whether the span ends with the bytes of an array.
    ///
    /// - Parameter suffix: The bytes to compare with.
    /// - Complexity: O(n) in the count of the suffix.
    @inlinable
    public func ends(with suffix: [UInt8]) -> Bool {
        ends(with: suffix.span)
    }

    /// Whether the span ends with the UTF-8 of a string, as in `data.ends(with: "\r\n")`.
    ///
    /// - Parameter suffix: The string to compare with.
    /// - Complexity: O(n) in the count of the suffix.
    @inlinable
    public func ends(with suffix: String) -> Bool {
        ends(with: suffix.utf8.span)
    }

    /// Returns the index of the first byte with a value.
    ///
    /// - Parameters:
    ///   - byte: The value to find, such as `UInt8(ascii: "\n")`.
    ///   - start: The index to start at, 0 by default. A negative index counts as 0; past the end nothing is found.
    /// - Returns: The index in the whole span, or `nil` if no byte has the value.
    /// - Complexity: O(n), by `memchr`.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        let start = max(start, 0)
        guard start < count else { return nil }
        return unsafe withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress,
                let found = unsafe memchr(base + start, Int32(byte), bytes.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    /// Returns the index of the last byte with a value.
    ///
    /// - Parameter byte: The value to find.
    /// - Returns: The index, or `nil` if no byte has the value.
    /// - Complexity: O(n), from the end.
    public func lastIndex(of byte: UInt8) -> Int? {
        var index = count
        while index > 0 {
            index -= 1
            if self[index] == byte { return index }
        }
        return nil
    }

    /// Returns the range of the first occurrence of a sequence of bytes.
    ///
    /// - Parameters:
    ///   - needle: The bytes to find. An empty span is found at `start`.
    ///   - start: The index to start at, 0 by default. A negative index counts as 0; past the end nothing is found.
    /// - Returns: The range in the whole span, or `nil` if there is no occurrence.
    /// - Complexity: O(n) by `memchr` if the first byte is rare; O(n * m) at worst, m being the needle's count.
    public func firstRange(of needle: Span<UInt8>, from start: Int = 0) -> Range<Int>? {
        let start = max(start, 0)
        guard start <= count, needle.count <= count - start else { return nil }
        if needle.isEmpty { return start..<start }
        let last = count - needle.count
        var candidate = firstIndex(of: needle[0], from: start)
        while let lower = candidate, lower <= last {
            if matches(needle, at: lower) { return lower..<lower + needle.count }
            candidate = firstIndex(of: needle[0], from: lower + 1)
        }
        return nil
    }

    /// Returns the range of the first occurrence of the bytes of an array.
    ///
    /// - Parameters:
    ///   - needle: The bytes to find. An empty array is found at `start`.
    ///   - start: The index to start at, 0 by default. A negative index counts as 0; past the end nothing is found.
    /// - Returns: The range in the whole span, or `nil` if there is no occurrence.
    /// - Complexity: O(n) by `memchr` if the first byte is rare; O(n * m) at worst, m being the needle's count.
    @inlinable
    public func firstRange(of needle: [UInt8], from start: Int = 0) -> Range<Int>? {
        firstRange(of: needle.span, from: start)
    }

    /// Returns the range of the first occurrence of the UTF-8 of a string.
    ///
    /// - Parameters:
    ///   - needle: The string to find. An empty string is found at `start`.
    ///   - start: The index to start at, 0 by default. A negative index counts as 0; past the end nothing is found.
    /// - Returns: The range in the whole span, or `nil` if there is no occurrence.
    /// - Complexity: O(n) by `memchr` if the first byte is rare; O(n * m) at worst, m being the needle's count.
    @inlinable
    public func firstRange(of needle: String, from start: Int = 0) -> Range<Int>? {
        firstRange(of: needle.utf8.span, from: start)
    }

    /// Whether the bytes from an offset on begin with those of another span.
    ///
    /// - Precondition: `offset + other.count` is at most `count`.
    @usableFromInline
    func matches(_ other: Span<UInt8>, at offset: Int) -> Bool {
        // An empty span may have no address.
        if other.isEmpty { return true }
        return unsafe withUnsafeBytes { bytes in
            unsafe other.withUnsafeBytes { wanted in
                guard let base = bytes.baseAddress, let wantedBase = wanted.baseAddress else { return false }
                return unsafe memcmp(base + offset, wantedBase, wanted.count) == 0
            }
        }
    }
}
