// Forwards connections to another host, both ways, without touching a byte: the kernel moves them. Try it:
//
//     swift run -c release Relay 8009 example.org 80
//     curl -H 'Host: example.org' http://127.0.0.1:8009/

import EventReactor
import Glibc

/// One end of a forwarded connection.
///
/// The relays pass on backpressure, half-close and loss.
class End: Protocol {
    override func connectionLost(_ reason: ConnectionLostReason) {
        if case .lost = reason { print("\(transport.peerAddress): \(reason)") }
    }
}

/// The end that was accepted; it connects the other one.
final class ClientEnd: End {
    private let target: ClientEndpoint
    private unowned let reactor: ReactorBase
    private var connector: Connector?

    init(target: ClientEndpoint, reactor: ReactorBase) {
        self.target = target
        self.reactor = reactor
    }

    override func connectionMade() throws {
        // Nothing is read until the other end is connected.
        transport.pauseReading()
        connector = try reactor.connect(target) { [self] in
            TargetEnd(client: transport)
        } onFailure: { [self] error in
            print("\(transport.peerAddress): \(error)")
            transport.abortConnection()
        }
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        connector?.cancel()
        super.connectionLost(reason)
    }
}

/// The end that was connected.
final class TargetEnd: End {
    private let client: any Transport

    init(client: any Transport) {
        self.client = client
    }

    override func connectionMade() throws {
        try client.relay(to: transport)
        try transport.relay(to: client)
        client.resumeReading()
    }
}

@main struct RelayServer {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let port = Int(arguments[1]), let targetPort = Int(arguments[3]),
            (1...65535).contains(targetPort), !arguments[2].isEmpty
        else {
            print("usage: Relay <port to listen at> <host to connect to> <its port>")
            exit(2)
        }
        do {
            let reactor = try Reactor()
            let target = ClientEndpoint.tcp(host: arguments[2], port: targetPort)
            let listener = try reactor.listenTCP(port: port, host: "127.0.0.1") { [unowned reactor] in
                ClientEnd(target: target, reactor: reactor)
            }
            print("Relay listens at \(listener.localAddress)")
            try reactor.run()
        } catch {
            print("Relay: \(error)")
            exit(1)
        }
    }
}
