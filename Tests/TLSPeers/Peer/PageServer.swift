import EventReactor

/// As much of HTTP/1.1 as curl needs: `GET /N` gives N bytes, and what is uploaded is counted.
final class PageServer: Reporter {
    private var head: [UInt8] = []
    private var bodyLeft = 0
    private var isUpload = false
    private var closes = false
    private var checksum = Checksum()

    override func dataReceived(_ data: Span<UInt8>) {
        if bodyLeft > 0 { return bodyReceived(data) }
        head.append(contentsOf: (0..<data.count).map { data[$0] })
        guard let end = endOfHead() else { return }
        let rest = Array(head[end...])
        let lines = String(decoding: head[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
        head = []
        closes = lines.contains { $0.lowercased() == "connection: close" }
        let path = lines[0].split(separator: " ").dropFirst().first ?? "/"
        let length = lines.first { $0.lowercased().hasPrefix("content-length: ") }?.dropFirst(16)
        if let length = length.flatMap({ Int($0) }), length > 0 {
            checksum = Checksum()
            bodyLeft = length
            if lines.contains(where: { $0.lowercased() == "expect: 100-continue" }) {
                transport.write("HTTP/1.1 100 Continue\r\n\r\n")
            }
            if !rest.isEmpty { bodyReceived(rest.span) }
        } else {
            answer(pattern(Int(path.dropFirst()) ?? 0))
        }
    }

    private func endOfHead() -> Int? {
        guard head.count >= 4 else { return nil }
        return (4...head.count).first { head[($0 - 4)..<$0].elementsEqual("\r\n\r\n".utf8) }
    }

    private func bodyReceived(_ data: Span<UInt8>) {
        checksum.add(data)
        bodyLeft -= data.count
        if bodyLeft <= 0 { answer(Array("\(checksum.count) \(checksum.value)\n".utf8)) }
    }

    private func answer(_ body: [UInt8]) {
        transport.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
        transport.write(body)
        if closes { transport.loseConnection() }
    }
}

/// Bytes that the script can make as well: 0 to 250, again and again.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8($0 % 251) }
}
