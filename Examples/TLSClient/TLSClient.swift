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
    static func main() {
        let arguments = CommandLine.arguments
        guard (2...4).contains(arguments.count), let port = arguments.count > 2 ? Int(arguments[2]) : 443 else {
            print("usage: TLSClient <host> [port [authorities]]")
            exit(2)
        }
        do {
            try fetch(from: arguments[1], port: port, authorities: arguments.count > 3 ? arguments[3] : nil)
        } catch {
            print("TLSClient: \(error)")
            exit(1)
        }
    }

    static func fetch(from host: String, port: Int, authorities: String?) throws {
        var settings = TLSClientSettings()
        settings.applicationProtocols = ["http/1.1"]
        if let authorities { settings.trust = .files([authorities]) }
        let context = try TLSClientContext(settings)
        let reactor = try Reactor()
        try reactor.connect(.tcp(host: host, port: port).tls(context)) {
            Fetch(host)
        } onFailure: { error in
            print("TLSClient: \(error)")
            exit(1)
        }
        try reactor.run()
    }
}
