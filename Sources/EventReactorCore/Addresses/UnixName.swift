/// The name of a UNIX-domain socket: the bytes of `sun_path` without a terminating NUL.
///
/// Paths are bytes, not text: a peer's path need not be UTF-8. The empty name of an unnamed socket allocates nothing.
package struct UnixName: Hashable, Sendable {
    /// Empty (unnamed), a path without NULs, or an abstract name with its leading NUL.
    let bytes: [UInt8]

    var isAbstract: Bool { bytes.first == 0 }

    /// The maximum length of a path, or of an abstract name without its NUL, in bytes: one less than `sun_path` has.
    static var limit: Int {
        #if canImport(Darwin)
        103
        #else
        107
        #endif
    }

    /// Validates a path that a caller gave; one that begins with a NUL is an abstract name.
    @inline(never)
    init(path: String) throws(AddressError) {
        let bytes = ByteText.bytes(path)
        if bytes.first == 0 {
            try self.init(abstract: String(decoding: bytes[1...], as: UTF8.self))
        } else {
            if path.isEmpty { throw .emptyPath }
            if bytes.contains(0) { throw .pathContainsNUL(path) }
            if bytes.count > Self.limit { throw .pathTooLong(path: path, limit: Self.limit) }
            self.init(raw: bytes)
        }
    }

    /// Validates an abstract name, given without its leading NUL.
    init(abstract name: String) throws(AddressError) {
        if name.isEmpty { throw .emptyPath }
        if name.utf8.count > Self.limit { throw .pathTooLong(path: name, limit: Self.limit) }
        self.init(raw: [0] + ByteText.bytes(name))
    }

    /// Creates a name from the bytes that the kernel reported.
    ///
    /// The kernel counts a path's terminating NUL, unless the path fills the field.
    @inline(never)
    init(raw: [UInt8]) {
        if raw.first != 0, let end = raw.firstIndex(of: 0) {
            bytes = [UInt8](raw[..<end])
        } else {
            bytes = raw
        }
    }
}

extension UnixName {
    /// The name for people: a path, or an abstract name behind an `@`; what could control a terminal is escaped.
    var description: String {
        if bytes.isEmpty { return "(unnamed)" }
        var text = isAbstract ? "@" : ""
        let name = String(decoding: bytes.dropFirst(isAbstract ? 1 : 0), as: UTF8.self)
        text += MessageText.escaped(name)
        return text
    }
}
