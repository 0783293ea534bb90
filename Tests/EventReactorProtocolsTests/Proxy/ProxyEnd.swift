import EventReactorCore
import EventReactorProtocols

/// A protocol that records what it sees of its connection, and echoes what it gets.
final class ProxyEnd: Protocol {
    private(set) var calls: [String] = []
    private(set) var received = ""
    /// The addresses as `connectionMade` sees them.
    private(set) var peer: SocketAddress?
    private(set) var local: SocketAddress?
    private(set) var reason: ConnectionLostReason?
    var onMade: (ProxyEnd) throws -> Void = { _ in }
    var onData: (ProxyEnd) -> Void = { _ in }
    var onLost: (ProxyEnd) -> Void = { _ in }
    var echoes = true

    override func connectionMade() throws {
        calls.append("made")
        peer = transport.peerAddress
        local = transport.localAddress
        try onMade(self)
    }

    override func dataReceived(_ data: Span<UInt8>) {
        if calls.last != "data" { calls.append("data") }
        received += String(decoding: [UInt8](data), as: UTF8.self)
        if echoes { transport.write(data) }
        onData(self)
    }

    override func readConnectionLost() {
        calls.append("end")
        transport.loseConnection()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        calls.append("lost")
        self.reason = reason
        onLost(self)
        // They may have captured this object, or what keeps it.
        (onMade, onData, onLost) = ({ _ in }, { _ in }, { _ in })
    }
}
