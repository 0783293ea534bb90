// An echo server. Try it:
//
//     swift run -c release Echo
//     nc 127.0.0.1 8007

import EventReactor

final class Echo: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }
}

@main struct EchoServer {
    static func main() throws {
        let reactor = try Reactor()
        try reactor.listenTCP(port: 8007) { Echo() }
        try reactor.run()
    }
}
