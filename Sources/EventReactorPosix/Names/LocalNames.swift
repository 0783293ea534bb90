import Glibc

/// Names that need no server: `localhost`, and what is in `/etc/hosts`.
package enum LocalNames {
    /// Whether a host is one of them; it reads the file, each time as the system's resolver itself does.
    package static func contain(_ host: String) -> Bool {
        let name = [UInt8](host.utf8).map(lowercased)
        if name == [UInt8]("localhost".utf8) { return true }
        return contents(ofFile: "/etc/hosts").map { contain(name, file: $0) } ?? false
    }

    /// Whether a name is in the text of a file of hosts: lines of an address and its names, comments behind `#`.
    package static func contain(_ name: [UInt8], file: [UInt8]) -> Bool {
        for line in file.split(separator: UInt8(ascii: "\n")) {
            let entry = line.prefix { $0 != UInt8(ascii: "#") }
            let fields = entry.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
            for field in fields.dropFirst() where field.count == name.count {
                if zip(field, name).allSatisfy({ lowercased($0) == $1 }) { return true }
            }
        }
        return false
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }

    private static func contents(ofFile path: String) -> [UInt8]? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var bytes: [UInt8] = []
        while true {
            let count = unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { room in
                let count = unsafe read(file, room.baseAddress, room.count)
                if count > 0 { unsafe bytes.append(contentsOf: room.prefix(count)) }
                return count
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return bytes }
        }
    }
}
