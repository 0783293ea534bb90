/// Splits received bytes, which arrive in pieces of any size, into lines.
struct HandoverLines {
    private var bytes: [UInt8] = []

    init() {}

    mutating func append(_ data: Span<UInt8>) {
        for index in data.indices { bytes.append(data[index]) }
    }

    mutating func append(_ data: ArraySlice<UInt8>) {
        bytes += data
    }

    /// Removes the next line; `nil` if it has not arrived completely.
    ///
    /// - Returns: the line without its end.
    mutating func next() throws(HandoverError) -> String? {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
        guard end ?? bytes.count <= HandoverWire.lineLimit else {
            throw .malformed(String(decoding: bytes.prefix(64), as: UTF8.self))
        }
        guard let end else { return nil }
        defer { bytes.removeFirst(end + 1) }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    /// Whether all received bytes were returned.
    var isEmpty: Bool { bytes.isEmpty }
}
