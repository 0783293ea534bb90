import EventReactor
import Testing

/// Resources of the system that relays use: descriptors, pipes, memory in the kernel.
@Suite("System resources of relays")
struct RelayResourceTests {
    /// Counted in a process of its own.
    @Test(arguments: Setting.all)
    func neitherFilesNorPipesAreLeftBehind(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            func use() throws {
                for isCut in [true, false] {
                    try setting.run { world in
                        let forwarding = try Forwarding(world)
                        let file = try PatternFile(world, 3_000_000)
                        forwarding.target.onMade = { target in
                            try target.transport.sendFile(file.open())
                            if !isCut { target.transport.loseWriteConnection() }
                        }
                        forwarding.client.onMade = { $0.transport.write(Pattern.bytes(5_000)) }
                        forwarding.client.onData = { client, _ in
                            if isCut {
                                client.transport.abortConnection()
                            } else {
                                client.transport.loseWriteConnection()
                            }
                        }
                        if isCut {
                            forwarding.client.onLost = { _, _ in world.settle { world.finish() } }
                        } else {
                            forwarding.finish {}
                        }
                    }
                }
            }
            try use()
            let before = Descriptors.kinds
            for _ in 0..<20 { try use() }
            #expect(Descriptors.grown(since: before, by: 20) == [])
        }
    }

    /// Without a descriptor for a pipe the bytes are copied.
    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func withoutDescriptorsForAPipeItIsCopied(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let forwarding = try Forwarding(world)
                var shortage: Descriptors.Shortage?
                forwarding.onReady = { shortage = Descriptors.Shortage() }
                forwarding.client.onMade = { $0.stream(1_000_000) { $0.transport.loseWriteConnection() } }
                forwarding.target.onReadLost = { $0.transport.loseConnection() }
                forwarding.finish {
                    #expect(forwarding.target.received == Pattern.bytes(1_000_000))
                    shortage?.release()
                }
            }
        }
    }

    /// A relay owns a pipe while bytes are in it; a few idle pipes are kept for the relay that moves bytes next.
    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func aRelayThatMovesNothingHoldsNoPipe(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let before = Descriptors.pipes
                let forwardings = try (0..<20).map { _ in try Forwarding(world) }
                for forwarding in forwardings {
                    forwarding.client.onMade = { $0.stream(100_000) { _ in } }
                    forwarding.target.onMade = { $0.stream(100_000) { _ in } }
                }
                let ends = forwardings.flatMap { [$0.client, $0.target] }
                world.wait(until: { ends.allSatisfy { $0.received.count == 100_000 } }) {
                    #expect(forwardings.allSatisfy { $0.there?.isActive == true && $0.back?.isActive == true })
                    #expect(Descriptors.pipes - before <= 8)
                    for end in ends { end.transport.loseConnection() }
                }
                world.finishWhenLost(ends + forwardings.flatMap { [$0.incoming, $0.outgoing] }) {
                    #expect(forwardings.allSatisfy { $0.endings.count == 2 })
                }
            }
        }
    }
}
