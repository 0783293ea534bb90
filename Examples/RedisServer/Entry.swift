import Glibc

/// Types of values that keys have.
enum Kind: UInt8 {
    case string, list, set, zset, hash
}

/// One block of memory with a key and its value: a header of 16 bytes, the key, the value.
///
/// The value is a string's bytes in place, or a reference to a collection. So a key with a short value costs a single
/// allocation: a dictionary of Swift's arrays would need three. A set's member and a list's element are a key without
/// a value. An entry belongs to the table or list that made it; ``free()`` ends it.
@safe struct Entry {
    private struct Header {
        var hash: UInt32
        var keyCount: UInt32
        var valueCount: UInt32
        var kind: Kind
        var expires: Bool
    }

    /// Address of the block: allocated by malloc, and so a multiple of 16.
    let address: UInt
    private static let headerSize = 16

    @inline(__always) init(address: UInt) { self.address = address }

    @inline(__always) private var header: UnsafeMutablePointer<Header> {
        // Invariant: `address` is a live block whose header `make` initialised.
        unsafe UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
    }
    @inline(__always) private var keyStart: UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(header) + Entry.headerSize
    }
    @inline(__always) private var valueStart: UnsafeMutableRawPointer { unsafe keyStart + keyCount }

    static func make(_ key: Span<UInt8>, hash: UInt32 = 0, valueCount: Int = 0) -> Entry {
        guard let block = unsafe malloc(headerSize + key.count + valueCount) else { fatalError("no memory is left") }
        let entry = Entry(address: UInt(bitPattern: block))
        unsafe entry.header.initialize(
            to: Header(
                hash: hash, keyCount: UInt32(key.count), valueCount: UInt32(valueCount), kind: .string, expires: false))
        unsafe key.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { unsafe entry.keyStart.copyMemory(from: base, byteCount: bytes.count) }
        }
        return entry
    }

    func free() {
        releaseObject()
        unsafe Glibc.free(header)
    }

    var hash: UInt32 { unsafe header.pointee.hash }
    var keyCount: Int { unsafe Int(header.pointee.keyCount) }
    var valueCount: Int { unsafe Int(header.pointee.valueCount) }
    var kind: Kind { unsafe header.pointee.kind }
    var expires: Bool {
        get { unsafe header.pointee.expires }
        nonmutating set { unsafe header.pointee.expires = newValue }
    }

    @inline(__always) func hasKey(_ key: Span<UInt8>) -> Bool {
        guard keyCount == key.count else { return false }
        return unsafe key.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return true }
            return unsafe memcmp(keyStart, base, bytes.count) == 0
        }
    }

    @inline(__always) func withKey<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(unsafe UnsafeRawBufferPointer(start: keyStart, count: keyCount).bindMemory(to: UInt8.self).span)
    }

    @inline(__always) func withValue<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(unsafe UnsafeRawBufferPointer(start: valueStart, count: valueCount).bindMemory(to: UInt8.self).span)
    }

    /// A value of 8 bytes: a score, or an instant.
    var word: UInt64 {
        get { unsafe valueStart.loadUnaligned(as: UInt64.self) }
        nonmutating set { unsafe valueStart.storeBytes(of: newValue, as: UInt64.self) }
    }

    /// Replaces the value with bytes in place, from `offset` on; false if the block is too small.
    ///
    /// - Parameter isFrugal: whether a block that is much too large is refused as well.
    @inline(__always) func store(_ value: Span<UInt8>, at offset: Int = 0, isFrugal: Bool = false) -> Bool {
        let count = offset + value.count
        guard count <= valueCount, !isFrugal || valueCount <= 2 * count + 64 else { return false }
        releaseObject()
        unsafe value.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress {
                unsafe (valueStart + offset).copyMemory(from: base, byteCount: bytes.count)
            }
        }
        unsafe header.pointee.valueCount = UInt32(count)
        return true
    }

    /// Moves the entry to a block with room for a value of so many bytes, of which the old ones are kept.
    func resized(to valueCount: Int) -> Entry {
        guard let block = unsafe realloc(header, Entry.headerSize + keyCount + valueCount) else {
            fatalError("no memory is left")
        }
        let entry = Entry(address: UInt(bitPattern: block))
        unsafe entry.header.pointee.valueCount = UInt32(valueCount)
        return entry
    }

    // MARK: Collections

    /// Makes a collection the value, retained until it is replaced or the entry ends; the entry was made for a word.
    func setObject(_ object: AnyObject, _ kind: Kind) {
        word = UInt64(UInt(bitPattern: unsafe Unmanaged.passRetained(object).toOpaque()))
        unsafe header.pointee.kind = kind
    }

    /// The collection: the caller has looked at ``kind``, which says of which class it is.
    func object<Object: AnyObject>(as type: Object.Type) -> Object {
        unsafe Unmanaged<Object>.fromOpaque(UnsafeRawPointer(bitPattern: UInt(word)).unsafelyUnwrapped)
            .takeUnretainedValue()
    }

    @inline(__always) private func releaseObject() {
        if kind != .string { releaseCollection() }
    }

    @inline(never) private func releaseCollection() {
        unsafe Unmanaged<AnyObject>.fromOpaque(UnsafeRawPointer(bitPattern: UInt(word)).unsafelyUnwrapped).release()
        unsafe header.pointee.kind = .string
    }
}
