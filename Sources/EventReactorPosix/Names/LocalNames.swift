import EventReactorCore

/// Names that need no server: `localhost`, and what is in `/etc/hosts`.
enum LocalNames {
    /// Whether a host is one of them; it reads the file, each time as the system's resolver itself does.
    static func contain(_ host: String) -> Bool {
        let name = ByteText.bytes(host).map(ByteText.lowercased)
        if name == ByteText.bytes("localhost") { return true }
        return SystemFile.contents(of: "/etc/hosts").map { contain(name, file: $0) } ?? false
    }

    /// Whether a name is in the text of a file of hosts: lines of an address and its names, comments behind `#`.
    static func contain(_ name: [UInt8], file: [UInt8]) -> Bool {
        for line in ByteText.split(file, at: "\n") {
            let entry = ByteText.split(line, keepsEmpty: true, at: "#")[0]
            for field in ByteText.split(entry, at: " \t\r").dropFirst() where field.map(ByteText.lowercased) == name {
                return true
            }
        }
        return false
    }
}
