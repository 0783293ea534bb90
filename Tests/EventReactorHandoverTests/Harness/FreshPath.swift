import Glibc

/// A path that no other test has, removed with its folder at the end.
final class FreshPath {
    let folder: String
    var path: String { folder + "/handover" }

    init() {
        var name = [CChar]("/tmp/swift-event-reactor-XXXXXX".utf8CString)
        _ = unsafe mkdtemp(&name)
        folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["/handover", "/web", "/other"] { unsafe unlink(folder + name) }
        unsafe rmdir(folder)
    }
}
