import EventReactor

/// Serves a client the work that it asks for.
final class Server: End, CustomStringConvertible {
    private var header: [UInt8] = []
    private var client: Client?
    private var files = 0

    var description: String { "server of \(client.map { "\($0)" } ?? "no client")" }

    override func dataReceived(_ data: Span<UInt8>) throws {
        try super.dataReceived(data)
        let taken = min(4 - header.count, data.count)
        header += [UInt8](data.extracting(first: taken))
        let rest = data.extracting(droppingFirst: taken)
        if client == nil {
            guard header.count == 4 else { return }
            let number = header.reversed().reduce(0) { $0 << 8 | Int($1) }
            guard load.clients.indices.contains(number) else { return complain("number \(number)") }
            client = load.clients[number]
            client?.server = self
            if let client, client.work == .file { try send(client) }
        }
        guard let client, !rest.isEmpty else { return }
        if !Bytes.areFound(in: rest, from: client.offset + received) { complain("wrong bytes after \(received)") }
        received += rest.count
        if client.work == .echo || client.work == .relayed {
            written += rest.count
            transport.write(rest)
        }
    }

    private func send(_ client: Client) throws {
        files += 1
        written = client.size
        try transport.sendFile(load.file, offset: client.offset, length: client.size) { [self] result in
            files -= 1
            if case .success(let count) = result, count != client.size { complain("a file of \(count) bytes") }
        }
        transport.loseConnection()
    }

    override func readConnectionLost() {
        super.readConnectionLost()
        transport.loseConnection()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        if files != 0 { complain("\(files) completions of files did not come") }
        client?.serverEnd = (reason, received, written, sawEnd)
        super.connectionLost(reason)
    }
}
