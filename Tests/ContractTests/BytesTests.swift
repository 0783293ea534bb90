import EventReactor
import Testing

@Suite("Contract 26-35: bytes")
struct BytesTests {
    @Test(arguments: Setting.all)
    func line26BytesArriveCompleteAndInOrder(_ setting: Setting) throws {
        let sizes = [1, 2, 63, 64, 1000, 4096, 8191, 8192, 8193, 16_384, 100_000, 1_000_000, 3]
        let expected = sizes.enumerated().flatMap { index, size in
            (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
        }
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { client in
                var rest = expected[...]
                for size in sizes {
                    client.transport.write([UInt8](rest.prefix(size)))
                    rest = rest.dropFirst(size)
                }
                client.transport.loseConnection()
            }
            server.onLost = { server, reason in
                #expect(server.received == expected)
                #expect(reason.isDone)
                world.finish()
            }
        }
    }
}
