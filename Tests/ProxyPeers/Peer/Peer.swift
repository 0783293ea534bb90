// An end of the PROXY protocol for Tests/ProxyPeers/haproxy.py:
//
//     ProxyPeer server [required|optional]             says to each connection what it sees of it, and closes
//     ProxyPeer client PORT v1|v2|v2-checksum SOURCE SOURCE-PORT DESTINATION DESTINATION-PORT
//     ProxyPeer client PORT local|unknown              asks by HTTP behind a header, and prints the answer

import EventReactor
import EventReactorProtocols
import Glibc

@main struct Peer {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            switch words.first {
            case "server": try serve(isRequired: words.dropFirst().first != "optional")
            case "client": try connect(Array(words.dropFirst()))
            default:
                say("the role is server or client")
                exit(2)
            }
        } catch {
            say("failed: \(error)")
            exit(1)
        }
    }

    private static func serve(isRequired: Bool) throws {
        let reactor = try Reactor()
        reactor.onDiagnostic = { say("diagnostic: \($0)") }
        var settings = ProxySettings(trusting: AddressPrefix.loopback)
        settings.isRequired = isRequired
        let endpoint = try ServerEndpoint(text: "tcp:127.0.0.1:0").proxyProtocol(settings)
        let port = try reactor.listen(endpoint) { Witness() }
        say("listening at \(port.localAddress)")
        try reactor.run()
    }

    private static func connect(_ words: [String]) throws {
        guard words.count >= 2, let port = Int(words[0]) else { throw Misuse() }
        let reactor = try Reactor()
        let endpoint = try ClientEndpoint(text: "tcp:127.0.0.1:\(port):timeout=5")
            .sendingProxyHeader(try header(words), checksum: words[1] == "v2-checksum")
        try reactor.connect(endpoint) {
            Question()
        } onFailure: { error in
            say("failed: \(error)")
            exit(1)
        }
        try reactor.run()
    }

    private static func header(_ words: [String]) throws -> ProxyHeader {
        switch words[1] {
        case "local": return .local
        case "unknown": return .unknown
        default: break
        }
        guard words.count == 6, let from = Int(words[3]), let to = Int(words[5]) else { throw Misuse() }
        let extensions = [
            try ProxyExtension(type: ProxyExtension.authority, value: [UInt8]("names.example".utf8)),
            try ProxyExtension(type: ProxyExtension.uniqueID, value: [UInt8]("id-17".utf8)),
        ]
        return ProxyHeader(
            version: words[1] == "v1" ? .v1 : .v2, source: try SocketAddress(ip: words[2], port: from),
            destination: try SocketAddress(ip: words[4], port: to), extensions: extensions)
    }

    static func say(_ text: String) {
        print(text)
        fflush(nil)
    }
}

struct Misuse: Error {}

/// Says what it sees of its connection when it begins, and closes.
final class Witness: Protocol {
    override func connectionMade() {
        var line = "peer=\(transport.peerAddress) local=\(transport.localAddress)"
        if let proxy = transport.proxy {
            let header = proxy.header
            line += " version=\(header.version.rawValue) command=\(header.command) proxy=\(proxy.peerAddress)"
            line += " at=\(proxy.localAddress) authority=\(header.authority ?? "-")"
            line += " alpn=\(header.applicationProtocol ?? "-") tls=\(header.tls?.version ?? "-")"
            line += " cipher=\(header.tls?.cipher == nil ? "-" : "yes") types=\(header.extensions.map(\.type))"
            line += " id=\(String(decoding: header.uniqueID ?? [], as: UTF8.self))"
        }
        Peer.say(line)
        transport.write(line + "\n")
        transport.loseConnection()
    }
}

/// Asks by HTTP, and prints the answer.
final class Question: Protocol {
    private var answer = ""

    override func connectionMade() {
        transport.write("GET / HTTP/1.0\r\n\r\n")
    }

    override func dataReceived(_ data: Span<UInt8>) {
        answer += String(decoding: [UInt8](data), as: UTF8.self)
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        Peer.say(answer.isEmpty ? "lost: \(reason)" : answer)
        exit(0)
    }
}
