#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

// Looking for bytes. No offset, however wrong, stops the program.
//
// What is found is cut out with Span's own `extracting`. It stops the program when a range reaches past the end, so give
// it indices found here; or use `extracting(first:)` and `extracting(droppingFirst:)`, which stop at the end of the span
// by themselves and need only a number that is not negative:
//
//     if let line = data.firstRange(of: "\r\n") {
//         handle(data.extracting(..<line.lowerBound))
//         rest = [UInt8](data.extracting(line.upperBound...))
//     }

extension Span where Element == UInt8 {
    /// Whether the span begins with the bytes of another; every span begins with an empty one.
    @inlinable
    public func starts(with prefix: Span<UInt8>) -> Bool {
        prefix.count <= count && matches(prefix, at: 0)
    }

    /// Whether the span begins with the bytes of an array.
    @inlinable
    public func starts(with prefix: [UInt8]) -> Bool {
        starts(with: prefix.span)
    }

    /// Whether the span begins with the UTF-8 of a string, as in `data.starts(with: "GET ")`.
    @inlinable
    public func starts(with prefix: String) -> Bool {
        starts(with: prefix.utf8.span)
    }

    /// Whether the span ends with the bytes of another; every span ends with an empty one.
    @inlinable
    public func ends(with suffix: Span<UInt8>) -> Bool {
        suffix.count <= count && matches(suffix, at: count - suffix.count)
    }

    /// Whether the span ends with the bytes of an array.
    @inlinable
    public func ends(with suffix: [UInt8]) -> Bool {
        ends(with: suffix.span)
    }

    /// Whether the span ends with the UTF-8 of a string, as in `data.ends(with: "\r\n")`.
    @inlinable
    public func ends(with suffix: String) -> Bool {
        ends(with: suffix.utf8.span)
    }

    /// The index of the first byte of that value, or `nil` if there is none.
    ///
    /// - Parameters:
    ///   - byte: The value to look for, such as `UInt8(ascii: "\n")`.
    ///   - start: The index to begin at. One below zero means the beginning; past the end nothing is found.
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

    /// The index of the last byte of that value, or `nil` if there is none.
    ///
    /// - Complexity: O(n), from the end.
    public func lastIndex(of byte: UInt8) -> Int? {
        var index = count
        while index > 0 {
            index -= 1
            if self[index] == byte { return index }
        }
        return nil
    }

    /// Where the bytes of another span first stand in this one, or `nil` if they do not.
    ///
    /// - Parameters:
    ///   - needle: The bytes to look for. If there are none, they stand at `start`.
    ///   - start: The index to begin at. One below zero means the beginning; past the end nothing is found.
    /// - Complexity: O(n) by `memchr` where the first byte is rare; O(n * m) at worst, m being the needle's count.
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

    /// Where the bytes of an array first stand in the span, or `nil` if they do not.
    @inlinable
    public func firstRange(of needle: [UInt8], from start: Int = 0) -> Range<Int>? {
        firstRange(of: needle.span, from: start)
    }

    /// Where the UTF-8 of a string first stands in the span, or `nil` if it does not.
    @inlinable
    public func firstRange(of needle: String, from start: Int = 0) -> Range<Int>? {
        firstRange(of: needle.utf8.span, from: start)
    }

    /// Whether the bytes from an offset on begin with those of another span.
    ///
    /// The caller has checked that it fits.
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
