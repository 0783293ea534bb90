// Fetches a page by HTTPS and says what TLS agreed on. Try it:
//
//     swift run -c release TLSClient example.org
//     swift run -c release TLSClient localhost 8443 server.pem

import EventReactor
import EventReactorTLS
import Glibc

final class Fetch: Protocol {
    private let host: String

    init(_ host: String) {
        self.host = host
    }

    override func connectionMade() {
        if let tls = transport.tls {
            print("\(tls.version), \(tls.cipherSuite), \(tls.applicationProtocol ?? "no protocol agreed on")")
        }
        transport.write("GET / HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
    }

    override func dataReceived(_ data: Span<UInt8>) {
        print(String(decoding: data, as: UTF8.self), terminator: "")
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        print("\n\(reason)")
        exit(reason.isClean ? 0 : 1)
    }
}

@main struct TLSClient {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else {
            print("usage: TLSClient HOST [PORT [AUTHORITIES]]")
            exit(2)
        }
        let host = arguments[1]
        var settings = TLSClientSettings()
        settings.applicationProtocols = ["http/1.1"]
        if arguments.count > 3 { settings.trust = .files([arguments[3]]) }
        let context = try TLSClientContext(settings)
        let reactor = try Reactor()
        let port = arguments.count > 2 ? Int(arguments[2]) ?? 443 : 443
        try reactor.connect(.tcp(host: host, port: port).tls(context)) {
            Fetch(host)
        } onFailure: { error in
            print(error)
            exit(1)
        }
        try reactor.run()
    }
}
