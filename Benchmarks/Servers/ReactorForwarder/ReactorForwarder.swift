// Forwards connections to another port of this machine. Options:
//   --port N         the port to listen at on 127.0.0.1; 0 for any
//   --target N       the port to connect to
//   --mode WHICH     relay (the default), or copy: bytes received are written to the other end
//   --buffer N       the most bytes of one receive, if they are copied

import EventReactor
import Glibc

/// Copies, and applies backpressure to its own peer, as the example PortForwarder does.
final class End: Protocol {
    var other: End?
    var onMade: (End) -> Void = { _ in }

    override func connectionMade() { onMade(self) }
    override func dataReceived(_ data: Span<UInt8>) { other?.transport.write(data) }
    override func pauseWriting() { other?.transport.pauseReading() }
    override func resumeWriting() { other?.transport.resumeReading() }
    override func readConnectionLost() { other?.transport.loseWriteConnection() }

    override func connectionLost(_ reason: ConnectionLostReason) {
        other?.transport.abortConnection()
        other = nil
    }
}

struct Options {
    var port = 0
    var target = 0
    var relays = true
    var buffer = 64 * 1024

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            guard let value = rest.next() else { Self.explain() }
            switch (name, Int(value), value) {
            case ("--port", let number?, _): port = number
            case ("--target", let number?, _): target = number
            case ("--buffer", let number?, _): buffer = number
            case ("--mode", _, "relay"), ("--mode", _, "copy"): relays = value == "relay"
            default: Self.explain()
            }
        }
    }

    static func explain() -> Never {
        print("usage: ReactorForwarder [--port N] --target N [--mode relay|copy] [--buffer N]")
        exit(2)
    }
}

@main struct ReactorForwarder {
    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        var configuration = Reactor.Configuration()
        configuration.receiveBufferSize = options.buffer
        let reactor = try Reactor(configuration: configuration)
        let port = try reactor.listenTCP(port: options.port, host: "127.0.0.1") { [unowned reactor] in
            let incoming = End()
            incoming.onMade = { incoming in
                incoming.transport.pauseReading()
                let outgoing = End()
                outgoing.onMade = { outgoing in
                    if options.relays {
                        try! incoming.transport.relay(to: outgoing.transport)
                        try! outgoing.transport.relay(to: incoming.transport)
                    } else {
                        (incoming.other, outgoing.other) = (outgoing, incoming)
                    }
                    incoming.transport.resumeReading()
                }
                try! reactor.connectTCP(host: "127.0.0.1", port: options.target) { outgoing }
            }
            return incoming
        }
        print("listening on \(port.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
