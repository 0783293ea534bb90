// Forwards connections to another host, both ways, as slowly as the slower end reads. Try it:
//
//     swift run -c release PortForwarder 8009 example.org 80
//     curl -H 'Host: example.org' http://127.0.0.1:8009/

import EventReactor
import Glibc

/// One end of a forwarded connection.
///
/// Bytes, backpressure and the end of each direction are passed on to the other end.
class End: Protocol {
    // The two retain each other until one is lost.
    var other: End?

    override func dataReceived(_ data: Span<UInt8>) {
        other?.transport.write(data)
    }

    // The write queue is over its high watermark: the other end is not read until it drains, which slows its sender down.
    override func pauseWriting() {
        other?.transport.pauseReading()
    }

    override func resumeWriting() {
        other?.transport.resumeReading()
    }

    // Half-closed: the answer may be still to come. With both directions ended the connection closes by itself.
    override func readConnectionLost() {
        other?.transport.loseWriteConnection()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        switch reason {
        case .done: other?.transport.loseConnection()
        case .aborted, .reactorStopped: break
        default:
            print("\(transport.peerAddress): \(reason)")
            other?.transport.abortConnection()
        }
        other = nil
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
            TargetEnd(client: self)
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
    init(client: End) {
        super.init()
        other = client
    }

    override func connectionMade() {
        other?.other = self
        other?.transport.resumeReading()
    }
}

@main struct PortForwarder {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let port = Int(arguments[1]), let targetPort = Int(arguments[3]),
            (1...65535).contains(targetPort), !arguments[2].isEmpty
        else {
            print("usage: PortForwarder <port to listen at> <host to connect to> <its port>")
            exit(2)
        }
        do {
            let reactor = try Reactor()
            let target = ClientEndpoint.tcp(host: arguments[2], port: targetPort)
            let listener = try reactor.listenTCP(port: port, host: "127.0.0.1") { [unowned reactor] in
                ClientEnd(target: target, reactor: reactor)
            }
            print("PortForwarder listens at \(listener.localAddress)")
            try reactor.run()
        } catch {
            print("PortForwarder: \(error)")
            exit(1)
        }
    }
}
