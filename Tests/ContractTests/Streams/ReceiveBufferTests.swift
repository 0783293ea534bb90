import EventReactor
import Testing

@Suite("The buffer that connections receive into")
struct ReceiveBufferTests {
    /// Only bulk data grows it; a second later it starts again from its first size.
    ///
    /// A UNIX socket never has so much at once.
    @Test(arguments: Setting.withReset.filter { $0.admitsRawPeers && $0.movement == .direct })
    func itGrowsForBulkAndShrinksAgain(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = (PatternSink(), Recorder("client"))
            var largest = 0
            server.onData = { _ in largest = max(largest, unsafe world.reactor.receiveBuffer.count) }
            try world.pair(server, client)
            client.onMade = { client in
                // In as many rounds as it takes: the kernel decides how many bytes arrive at once.
                func send() {
                    guard largest < 256 * 1024 else { return client.transport.loseConnection() }
                    client.transport.write(Pattern.bytes(65_521 * 64))
                }
                client.onResume = { _ in send() }
                send()
            }
            server.onLost = { server in
                #expect(server.isIntact)
                #expect(largest == 256 * 1024)
                world.wait(until: { unsafe world.reactor.receiveBuffer.count == 64 * 1024 }) { world.finish() }
            }
        }
    }
}
