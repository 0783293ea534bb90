// An echo server that speaks TLS. Try it, with a certificate for localhost (openssl makes one):
//
//     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
//         -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout server.key -out server.pem
//     swift run -c release TLSEcho 8443 server.pem server.key
//     openssl s_client -connect localhost:8443 -CAfile server.pem -verify_hostname localhost -quiet

import EventReactor
import EventReactorTLS
import Glibc

final class Echo: Protocol {
    override func connectionMade() {
        if let tls = transport.tls { print("\(transport.peerAddress): \(tls.version), \(tls.cipherSuite)") }
    }

    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }

    // Also if the handshake fails: then the reason says why, and nothing else was called.
    override func connectionLost(_ reason: ConnectionLostReason) {
        if !reason.isClean { print("\(transport.peerAddress): \(reason)") }
    }
}

@main struct TLSEchoServer {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let number = Int(arguments[1]) else {
            print("usage: TLSEcho <port> <certificate> <key>")
            exit(2)
        }
        do {
            let context = try TLSServerContext(identity: .pem(chain: arguments[2], key: arguments[3]))
            let reactor = try Reactor()
            let port = try reactor.listen(.tcp(port: number, host: "127.0.0.1").tls(context)) { Echo() }
            print("TLSEcho listens at \(port.localAddress)")
            // A renewed certificate is shown to new connections after `kill -HUP`.
            reactor.onSignal(SIGHUP) {
                do {
                    try context.replaceIdentity(with: .pem(chain: arguments[2], key: arguments[3]))
                    print("certificate loaded again")
                } catch {
                    print("TLSEcho: \(error)")
                }
            }
            try reactor.run()
        } catch {
            print("TLSEcho: \(error)")
            exit(1)
        }
    }
}
