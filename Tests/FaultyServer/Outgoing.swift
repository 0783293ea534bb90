import EventReactor

/// The forwarder's connection to the echo server.
final class Outgoing: End, CustomStringConvertible {
    var onMade: () -> Void = {}

    var description: String { "outgoing" }

    override func connectionMade() throws {
        try super.connectionMade()
        let callback = onMade
        onMade = {}
        callback()
    }

    override func readConnectionLost() {
        super.readConnectionLost()
        transport.abortConnection()
    }
}
