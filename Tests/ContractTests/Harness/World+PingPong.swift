import EventReactor
import Testing

extension World {
    /// Runs a connection on which one byte goes there and back a number of times, and checks that it does.
    func runPingPong(_ count: Int) throws {
        let (server, client) = try pair()
        client.onMade = { $0.transport.write("a") }
        server.onData = { server, data in server.transport.write(data) }
        client.onData = { [unowned self] client, data in
            guard client.received.count < count else {
                reactor.callLater(.milliseconds(1)) { [unowned self] in finish() }
                return
            }
            client.transport.write(data)
        }
        try run()
        #expect(client.received.count == count)
    }
}
