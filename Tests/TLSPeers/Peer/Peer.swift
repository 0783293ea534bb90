// An end of TLS for Tests/TLSPeers/peers.py, with an option for whatever a case needs:
//
//     TLSPeer server --cert=FILE --key=FILE [--port=0] [--serve=echo|count|page|start-tls] [--tickets=N]
//         [--client-cert=request|require --trust=FILE [--open-port]] [--staple=FILE] [--any-protocol]
//         [--name=NAME:CERT:KEY]...
//     TLSPeer client --port=N [--host=localhost] [--trust=FILE | --insecure] [--cert=FILE --key=FILE] [--start-tls]
//         [--send=TEXT] [--send-bytes=N] [--half-close] [--until=BYTES] [--text] [--times=N] [--staple] [--name=NAME]
//         [--first-insecure] [--first-name=NAME]    of the first connection of several
//
// and for both `--alpn=A,B --min=1.2 --max=1.3 --groups=A,B --suites=A,B --key-log --handshake-timeout=MILLISECONDS`.

import EventReactor
import EventReactorTLS
import Glibc

@main struct Peer {
    static func main() {
        let options = Options(Array(CommandLine.arguments.dropFirst()))
        do {
            switch options.role {
            case "server": try serve(options)
            case "client": try connect(options)
            default:
                say("the role is server or client; the options are in Tests/TLSPeers/Peer/Peer.swift")
                exit(2)
            }
        } catch {
            say("failed: \(error)")
            exit(1)
        }
    }

    private static func serve(_ options: Options) throws {
        let reactor = try Reactor()
        var settings = try serverSettings(options)
        if options.has("open-port") {
            // Another port, with the same keys of tickets, that asks for no certificate.
            settings.ticketKeys = TLSTicketKeys()
            var open = settings
            open.clientCertificates = .none
            let context = try TLSServerContext(open)
            let port = try reactor.listen(.tcp(port: 0, host: "127.0.0.1").tls(context)) { EchoServer() }
            say("open at \(port.localAddress)")
        }
        let context = try TLSServerContext(settings)
        let plain = ServerEndpoint.tcp(port: options.number("port") ?? 0, host: "127.0.0.1")
        let port =
            switch options["serve"] {
            case "count": try reactor.listen(plain.tls(context)) { CountServer() }
            case "page": try reactor.listen(plain.tls(context)) { PageServer() }
            case "start-tls": try reactor.listen(plain) { StartTLSServer(context) }
            default: try reactor.listen(plain.tls(context)) { EchoServer() }
            }
        say("listening at \(port.localAddress)")
        try reactor.run()
    }

    private static func connect(_ options: Options) throws {
        let settings = try clientSettings(options)
        // The first connection's settings are a copy, with the same cache of sessions.
        var first = settings
        if options.has("first-insecure") { first.verification = .unsafelyNone }
        if let name = options["first-name"] { first.serverName = name }
        let contexts = [try TLSClientContext(first), try TLSClientContext(settings)]
        let reactor = try Reactor()
        try connect(options, contexts, reactor, times: options.number("times") ?? 1)
        try reactor.run()
    }

    /// Connects again and again, each time after the loss of the last connection: sessions are resumed.
    private static func connect(
        _ options: Options, _ contexts: [TLSClientContext], _ reactor: Reactor, times: Int
    ) throws {
        let plain = ClientEndpoint.tcp(host: options["host"] ?? "localhost", port: options.number("port") ?? 443)
        let done: (Bool) -> Void = { isClean in
            if !isClean { exit(1) }
            if times == 1 { exit(0) }
            do {
                try connect(options, Array(contexts.suffix(1)), reactor, times: times - 1)
            } catch {
                say("failed: \(error)")
                exit(1)
            }
        }
        let context = contexts[0]
        try reactor.connect(options.has("start-tls") ? plain : plain.tls(context)) {
            Client(options, context, done: done)
        } onFailure: { error in
            say("failed: \(error)")
            exit(1)
        }
    }

    // MARK: Settings

    private static func serverSettings(_ options: Options) throws -> TLSServerSettings {
        var settings = TLSServerSettings(identity: try identity(options["cert"] ?? "", options["key"] ?? ""))
        if let version = version(options["min"]) { settings.minimumVersion = version }
        settings.maximumVersion = version(options["max"])
        settings.applicationProtocols = options.list("alpn")
        settings.refusesUnknownProtocols = !options.has("any-protocol")
        if options.has("suites") { settings.cipherSuites = options.list("suites").map(TLSCipherSuite.init) }
        if options.has("groups") { settings.groups = options.list("groups").map(TLSGroup.init) }
        if let count = options.number("tickets") { settings.ticketCount = count }
        let trust = options["trust"].map { TLSTrust.files([$0]) } ?? .system
        switch options["client-cert"] {
        case "request": settings.clientCertificates = .request(trust)
        case "require": settings.clientCertificates = .require(trust)
        default: break
        }
        if let path = options["staple"] { settings.stapledResponse = bytes(of: path) }
        if options.has("key-log") { settings.keyLog = { say("key: \($0)") } }
        if let time = options.number("handshake-timeout") { settings.handshakeTimeout = .milliseconds(time) }
        var named: [String: TLSIdentity] = [:]
        for entry in options.all("name") {
            let parts = entry.split(separator: ":").map(String.init)
            named[parts[0]] = try identity(parts[1], parts[2])
        }
        let identities = named
        if !identities.isEmpty { settings.identityForServerName = { identities[$0] } }
        return settings
    }

    private static func clientSettings(_ options: Options) throws -> TLSClientSettings {
        var settings = TLSClientSettings()
        if let file = options["trust"] { settings.trust = .files([file]) }
        if options.has("insecure") { settings.verification = .unsafelyNone }
        settings.serverName = options["name"]
        if let certificate = options["cert"] { settings.identity = try identity(certificate, options["key"] ?? "") }
        if let version = version(options["min"]) { settings.minimumVersion = version }
        settings.maximumVersion = version(options["max"])
        settings.applicationProtocols = options.list("alpn")
        if options.has("suites") { settings.cipherSuites = options.list("suites").map(TLSCipherSuite.init) }
        if options.has("groups") { settings.groups = options.list("groups").map(TLSGroup.init) }
        settings.requestsStapledResponse = options.has("staple")
        if options.has("key-log") { settings.keyLog = { say("key: \($0)") } }
        if let time = options.number("handshake-timeout") { settings.handshakeTimeout = .milliseconds(time) }
        return settings
    }

    private static func identity(_ certificate: String, _ key: String) throws -> TLSIdentity {
        try .pem(chain: certificate, key: key)
    }

    private static func version(_ text: String?) -> TLSVersion? {
        switch text {
        case "1.2": .tls12
        case "1.3": .tls13
        default: nil
        }
    }

    private static func bytes(of path: String) -> [UInt8] {
        guard let file = unsafe fopen(path, "rb") else { return [] }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}
