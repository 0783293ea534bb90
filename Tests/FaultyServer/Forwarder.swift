import EventReactor

/// Relays between its peer and the echo server, both ways.
final class Forwarder: End, CustomStringConvertible {
    private var relays = 0

    var description: String { "forwarder" }

    override func connectionMade() throws {
        try super.connectionMade()
        transport.pauseReading()
        let outgoing = Outgoing(load)
        try load.connect(to: load.echoAddress) {
            outgoing.onMade = { [self, unowned outgoing] in
                do {
                    transport.resumeReading()
                    try begin(self, outgoing)
                    try begin(outgoing, self)
                } catch {
                    transport.abortConnection()
                    outgoing.transport.abortConnection()
                }
            }
            return outgoing
        } onFailure: { [self] _ in
            transport.abortConnection()
        }
    }

    private func begin(_ source: End, _ receiver: End) throws {
        relays += 1
        try source.transport.relay(to: receiver.transport) { [self] _, _ in relays -= 1 }
    }

    override func readConnectionLost() {
        super.readConnectionLost()
        transport.abortConnection()
    }
}
