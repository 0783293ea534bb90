import Glibc

/// Small files of the system, such as `/etc/hosts` and those of `/proc`.
package enum SystemFile {
    /// The whole contents of a file, whose size may be unknown before; `nil` if it cannot be opened.
    package static func contents(of path: String) -> [UInt8]? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var bytes: [UInt8] = []
        while true {
            let count = unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { room in
                let count = unsafe read(file, room.baseAddress, room.count)
                if count > 0 { unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(room)[..<count]) }
                return count
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return bytes }
        }
    }
}
