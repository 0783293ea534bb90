import EventReactorCore

/// Names that need no server: `localhost`, and what is in `/etc/hosts`.
enum LocalNames {
    /// Whether a host is one of them; it reads the file, each time as the system's resolver itself does.
    package static func contain(_ host: String) -> Bool {
        let name = ByteText.bytes(host).map(ByteText.lowercased)
        if name == ByteText.bytes("localhost") { return true }
        return SystemFile.contents(of: "/etc/hosts").map { contain(name, file: $0) } ?? false
    }

    /// Whether a name is in the text of a file of hosts: lines of an address and its names, comments behind `#`.
    package static func contain(_ name: [UInt8], file: [UInt8]) -> Bool {
        for line in ByteText.split(file, at: { $0 == UInt8(ascii: "\n") }) {
            let entry = ByteText.split(line, keepsEmpty: true, at: { $0 == UInt8(ascii: "#") })[0]
            let fields = ByteText.split(entry) {
                $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r")
            }
            for field in fields.dropFirst() where field.map(ByteText.lowercased) == name { return true }
        }
        return false
    }
}
