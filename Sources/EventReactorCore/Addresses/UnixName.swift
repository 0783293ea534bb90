/// The name of a UNIX-domain socket, as the bytes of `sun_path` without a closing NUL.
///
/// Paths are bytes, not text: a peer's path need not be UTF-8. Nothing at all is the unnamed socket and costs no memory.
package struct UnixName: Hashable, Sendable {
    /// Nothing (unnamed), a path without NULs, or an abstract name with its leading NUL.
    package let bytes: [UInt8]

    package var isAbstract: Bool { bytes.first == 0 }

    /// The most bytes a path may have, or an abstract name after its NUL: `sun_path` less one.
    package static var limit: Int {
        #if canImport(Darwin)
        103
        #else
        107
        #endif
    }

    /// Checks a path that a caller gave.
    init(path: String) throws(AddressError) {
        if path.utf8.first == 0 {
            try self.init(abstract: String(path.unicodeScalars.dropFirst()))
        } else {
            if path.isEmpty { throw .emptyPath }
            if path.utf8.contains(0) { throw .pathContainsNUL(path) }
            if path.utf8.count > Self.limit { throw .pathTooLong(path: path, limit: Self.limit) }
            self.init(raw: [UInt8](path.utf8))
        }
    }

    /// Checks an abstract name, given without its leading NUL.
    init(abstract name: String) throws(AddressError) {
        if name.isEmpty { throw .emptyPath }
        if name.utf8.count > Self.limit { throw .pathTooLong(path: name, limit: Self.limit) }
        self.init(raw: [0] + name.utf8)
    }

    /// Takes what the kernel reported.
    ///
    /// It may count a path's closing NUL, or leave it out when the path fills the field.
    init(raw: [UInt8]) {
        if raw.first != 0, let end = raw.firstIndex(of: 0) {
            bytes = [UInt8](raw[..<end])
        } else {
            bytes = raw
        }
    }
}

extension UnixName: CustomStringConvertible {
    package var description: String {
        if bytes.isEmpty { return "(unnamed)" }
        var text = isAbstract ? "@" : ""
        let name = String(decoding: bytes.dropFirst(isAbstract ? 1 : 0), as: UTF8.self)
        text += MessageText.escaped(name)
        return text
    }
}
