import EventReactor
import Testing

@testable import EventReactorCore

@Suite("Memory that is given back")
struct MemoryTests {
    @Test(arguments: Setting.transports)
    func aConnectionThatQueuedMuchHoldsNothingOnceItIsDrained(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            world.whenMade(server, client) {
                server.transport.write(Pattern.bytes(1_048_576))
                #expect(server.transport.bufferedByteCount > 500_000)
                client.transport.resumeReading()
            }
            client.onData = { client, _ in
                guard client.received.count == 1_048_576 else { return }
                world.settle {
                    #expect(server.transport.bufferedByteCount == 0)
                    let connection = server.transport as? StreamConnection
                    #expect(connection != nil)
                    if setting.isOnKernel { #expect(connection?.queue == nil) }
                    #expect(world.reactor.chunks.keptCount <= 256)
                    world.reactor.releaseMemory()
                    #expect(world.reactor.chunks.keptCount == 0)
                    world.finish()
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func memoryCanBeReleasedAtAnyMoment(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            unowned let reactor = world.reactor
            server.onMade = { server in
                reactor.releaseMemory()
                server.transport.write("gathered")
                reactor.releaseMemory()
                server.transport.write(Pattern.bytes(500_000))
                reactor.releaseMemory()
                server.transport.loseConnection()
            }
            client.onData = { _, _ in reactor.releaseMemory() }
            for _ in 0..<3 {
                reactor.callSoon { reactor.releaseMemory() }
                world.remote.callFromThread { $0.releaseMemory() }
            }
            reactor.callLater(.milliseconds(1)) { reactor.releaseMemory() }
            client.onLost = { _, _ in reactor.releaseMemory() }
            world.finishWhenLost(server, client) {
                let expected = Array("gathered".utf8) + Pattern.bytes(500_000)
                let isComplete = client.received == expected
                #expect(isComplete)
            }
        }
    }
}
