import EventReactor
import Glibc

/// Commands about the connection and the server.
extension Session {
    func ping(_ frame: Span<UInt8>) throws(ReplyError) {
        guard arg.count <= 2 else { throw .arity(of: "ping") }
        let isMessage = subscriptionCount > 0 && !isRESP3
        if isMessage {
            out.array(2)
            out.bulk("pong")
        }
        if arg.count == 2 {
            out.bulk(frame.extracting(arg[1]))
        } else if isMessage {
            out.bulk("")
        } else {
            out.simple("PONG")
        }
    }

    func hello(_ frame: Span<UInt8>) throws(ReplyError) {
        let unsupported = ReplyError.other("ERR Protocol version is not an integer or out of range")
        let version = arg.count > 1 ? try integer(frame, 1, orThrow: unsupported) : isRESP3 ? 3 : 2
        guard 2...3 ~= version else { throw .other("NOPROTO unsupported protocol version") }
        var (newName, index) = (name, 2)
        while index < arg.count {
            switch word(frame, index) {
            case "SETNAME" where index + 1 < arg.count:
                newName = try checkedName(frame, index + 1)
                index += 2
            // Without a password set, every one is right for the default user.
            case "AUTH" where index + 2 < arg.count && frame.extracting(arg[index + 1]) == "default": index += 3
            default: throw .other("ERR Syntax error in HELLO option '\(text(frame, index))'")
            }
        }
        name = newName
        setRESP3(version == 3)
        out.map(7)
        out.pairs([("server", "redis"), ("version", Server.version)])
        for (key, value) in [("proto", version), ("id", id)] {
            out.bulk(key)
            out.integer(value)
        }
        out.pairs([("mode", "standalone"), ("role", "master")])
        out.bulk("modules")
        out.array(0)
    }

    private func setRESP3(_ isOn: Bool) {
        isRESP3 = isOn
        out.isRESP3 = isOn
    }

    private func checkedName(_ frame: Span<UInt8>, _ index: Int) throws(ReplyError) -> String {
        let name = frame.extracting(arg[index])
        for index in name.indices where !(33...126 ~= name[index]) {
            throw .other("ERR Client names cannot contain spaces, newlines or special characters.")
        }
        return String(decoding: name, as: UTF8.self)
    }

    func select(_ frame: Span<UInt8>) throws(ReplyError) {
        let index = try integer(frame, 1)
        guard Int32(exactly: index) != nil else { throw .notAnInteger }
        guard server.databases.indices ~= index else { throw .other("ERR DB index is out of range") }
        (database, keys) = (index, server.databases[index])
        out.ok()
    }

    func reset() {
        leave()
        transport.writeBufferLimit = Server.replyLimit
        (database, keys, name) = (0, server.databases[0], "")
        setRESP3(false)
        out.simple("RESET")
    }

    func client(_ frame: Span<UInt8>) throws(ReplyError) {
        let subcommand = word(frame, 1)
        if let count = ["ID": 2, "GETNAME": 2, "INFO": 2, "SETNAME": 3][subcommand], arg.count != count {
            throw .arity(of: "client|\(subcommand.lowercased())")
        }
        switch subcommand {
        case "ID": out.integer(id)
        case "GETNAME": if name.isEmpty { out.null() } else { out.bulk(name) }
        case "INFO": out.verbatim(line)
        case "LIST": out.verbatim(server.sessions.values.sorted { $0.id < $1.id }.map { $0.line }.joined())
        case "SETNAME":
            name = try checkedName(frame, 2)
            out.ok()
        default: throw .subcommand(text(frame, 1), of: "CLIENT")
        }
    }

    private var line: String {
        "id=\(id) addr=\(transport.peerAddress) laddr=\(transport.localAddress) name=\(name) db=\(database) "
            + "sub=\(channels.count) psub=\(patterns.count) multi=\(transaction?.commands.count ?? -1) "
            + "omem=\(transport.bufferedByteCount) resp=\(isRESP3 ? 3 : 2)\n"
    }

    private static let settings = [
        ("appendonly", "no"), ("client-output-buffer-limit", "pubsub \(Server.messageLimit) 0 0"), ("databases", "16"),
        ("maxmemory", "0"), ("proto-max-bulk-len", "\(RESPFramer.longestBulk)"), ("save", ""),
    ]

    func config(_ frame: Span<UInt8>) throws(ReplyError) {
        switch word(frame, 1) {
        case "GET" where arg.count > 2:
            let patterns = (2..<arg.count).map { [UInt8](text(frame, $0).lowercased().utf8) }
            let found = Session.settings.filter { name, _ in
                patterns.contains { name.utf8.span.matches($0.span) }
            }
            out.map(found.count)
            out.pairs(found)
        case "SET" where arg.count > 3:
            throw .other("ERR Unknown option or number of arguments for CONFIG SET - '\(text(frame, 2))'")
        case "RESETSTAT" where arg.count == 2:
            server.commandCount = 0
            out.ok()
        case "GET", "SET", "RESETSTAT": throw .arity(of: "config|\(word(frame, 1).lowercased())")
        default: throw .subcommand(text(frame, 1), of: "CONFIG")
        }
    }

    func command(_ frame: Span<UInt8>) throws(ReplyError) {
        switch arg.count == 1 ? "" : word(frame, 1) {
        case "COUNT": out.integer(Command.all.count)
        case "DOCS": out.map(0)
        case "":
            out.array(Command.all.count)
            for command in Command.all {
                out.array(6)
                out.bulk(command.name)
                out.integer(command.arity)
                out.set(0)
                for _ in 0..<3 { out.integer(0) }
            }
        default: throw .subcommand(text(frame, 1), of: "COMMAND")
        }
    }

    func info(_ frame: Span<UInt8>) {
        let sections = [
            "Server": "redis_version:\(Server.version)\r\nredis_mode:standalone\r\nprocess_id:\(getpid())\r\n"
                + "tcp_port:\(transport.localAddress.port ?? 0)\r\nuptime_in_seconds:\(server.uptime)\r\n",
            "Clients": "connected_clients:\(server.sessions.count)\r\n",
            "Stats": "total_connections_received:\(server.connectionCount)\r\n"
                + "total_commands_processed:\(server.commandCount)\r\npubsub_channels:\(server.channels.count)\r\n"
                + "pubsub_patterns:\(server.patterns.count)\r\n",
            "Keyspace": server.databases.indices.filter { !server.databases[$0].table.isEmpty }.map { index in
                let keys = server.databases[index]
                return "db\(index):keys=\(keys.table.count),expires=\(keys.expiries.count),avg_ttl=0\r\n"
            }.joined(),
        ]
        let wanted = arg.count == 1 ? ["ALL"] : (1..<arg.count).map { word(frame, $0) }
        let isAll = wanted.contains { ["ALL", "DEFAULT", "EVERYTHING"].contains($0) }
        out.verbatim(
            ["Server", "Clients", "Stats", "Keyspace"].filter { isAll || wanted.contains($0.uppercased()) }
                .map { "# \($0)\r\n\(sections[$0] ?? "")" }.joined(separator: "\r\n"))
    }
}
