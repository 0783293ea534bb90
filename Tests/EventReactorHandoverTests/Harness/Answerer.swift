import EventReactor

/// Answers each byte with the name of its version, and marks the last answer of a connection.
final class Answerer: Protocol {
    private let name: String
    private unowned let reactor: ReactorBase

    init(_ name: String, _ reactor: ReactorBase) {
        self.name = name
        self.reactor = reactor
    }

    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(reactor.isDraining ? "\(name) last\n" : "\(name)\n")
        if reactor.isDraining { transport.loseConnection() }
    }
}
