import Glibc

/// The target of a symbolic link; `nil` if there is no link.
package func linkTarget(_ path: String) -> String {
    var name = [CChar](repeating: 0, count: 4096)
    let size = name.count
    let count = unsafe readlink(path, &name, size)
    return String(decoding: name.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
