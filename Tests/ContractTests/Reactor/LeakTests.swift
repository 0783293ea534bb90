import EventReactor
import Glibc
import Testing

/// Each that counts descriptors runs in a process of its own, in which no other test opens any.
@Suite("Contract 5, 29: a reactor that goes leaves nothing behind")
struct LeakTests {
    @Test(arguments: Setting.all)
    func line05AReactorThatRanIsFreedWithAllItHad(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            weak var reactor: ReactorBase?
            weak var port: ListeningPort?
            weak var connector: Connector?
            weak var server: Recorder?
            weak var client: Recorder?
            let before = Descriptors.kinds
            func use() throws {
                let world = try setting.makeWorld()
                reactor = world.reactor
                for _ in 0..<2 {
                    let ends = (Recorder("server"), Recorder("client"))
                    (server, client) = ends
                    var accepts = [ends.0]
                    let listening = try world.listen { accepts.popLast() }
                    port = listening
                    connector = try world.connect(to: listening.localAddress) { ends.1 }
                    // Bytes that wait in a queue, a timer, and a half-open connect are under way at the end.
                    ends.0.onMade = { server in
                        server.transport.write([UInt8](repeating: 1, count: 8 << 20))
                        world.reactor.callLater(.seconds(1000)) {}
                        try world.connect(
                            to: listening.localAddress, { Recorder("late") }, onFailure: { _ in })
                        world.finish()
                    }
                    ends.1.onMade = { $0.transport.pauseReading() }
                    try world.run()
                    // The closures above keep the world.
                    ends.0.onMade = { _ in }
                }
            }
            for _ in 0..<20 { try use() }
            #expect(reactor == nil)
            #expect(port == nil)
            #expect(connector == nil)
            #expect(server == nil)
            #expect(client == nil)
            #expect(Descriptors.grown(since: before, by: 20) == [])
        }
    }

    @Test(arguments: Setting.all)
    func line05AReactorThatNeverRanIsFreedWithAllItHad(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            weak var reactor: ReactorBase?
            let before = Descriptors.kinds
            var kept: (port: ListeningPort, connector: Connector, call: DelayedCall)?
            func use() throws {
                let world = try setting.makeWorld()
                reactor = world.reactor
                let port = try world.listen { Recorder() }
                let connector = try world.connect(to: port.localAddress, { Recorder() }, onFailure: { _ in })
                kept = (port, connector, world.reactor.callLater(.seconds(1)) {})
                world.reactor.callSoon {}
                world.remote.callFromThread { _ in }
            }
            for _ in 0..<20 { try use() }
            #expect(reactor == nil)
            // Objects that a program still retains are harmless.
            kept?.port.pauseAccepting()
            kept?.port.resumeAccepting()
            kept?.port.stopListening()
            kept?.connector.cancel()
            #expect(kept?.port.isListening == false)
            #expect(kept?.call.cancel() == false)
            kept = nil
            #expect(Descriptors.grown(since: before, by: 20) == [])
        }
    }

    /// If the leak checker of the address sanitizer is on, it judges this when the process exits.
    @Test(arguments: Setting.all)
    func line05WhatWaitsToBeReadGoesWithTheReactor(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            func use() throws {
                try setting.run { world in
                    let pairs = try (0..<32).map { _ in try world.pair() }
                    for (server, client) in pairs {
                        server.onMade = { $0.transport.pauseReading() }
                        client.onMade = { $0.transport.write([UInt8](repeating: 1, count: 16 * 1024)) }
                    }
                    world.wait(until: { pairs.allSatisfy { !$0.calls.isEmpty && !$1.calls.isEmpty } }) {
                        world.settle {
                            // The bytes would be delivered in a turn that does not come.
                            for (server, _) in pairs { server.transport.resumeReading() }
                            world.finish()
                        }
                    }
                }
            }
            try use()
            let before = Memory.residentBytes()
            for _ in 0..<30 { try use() }
            let grown = Memory.residentBytes() - before
            #expect(grown < 3_000_000 || Sanitizer.isAddress || Sanitizer.isThread, "by \(grown) bytes")
        }
    }

    @Test(arguments: Setting.all)
    func line29ADescriptorUsedAgainInsideACallbackBelongsToItsNewOwner(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        // Each round closes a descriptor inside one of its own callbacks and opens another there, which gets the same
        // fd.
        var rounds = 0
        func again(_ close: @escaping (Recorder) -> Void) throws {
            rounds += 1
            let server = Recorder("server \(rounds)")
            let client = Recorder("client \(rounds)")
            var port: ListeningPort?
            port = try world.listen { server }
            try world.connect(to: port?.localAddress ?? .unnamedUnix) { client }
            client.onMade = { $0.transport.write("go") }
            server.onMade = { _ in
                port?.stopListening()
                // Gets the listener's fd while its accept callback is still on the stack.
                port = try world.listen { nil }
            }
            server.onData = { server, _ in close(server) }
            server.onLost = { _, _ in
                port?.stopListening()
                do { if rounds < 8 { try again(close) } else { world.finish() } } catch { Issue.record(error) }
            }
        }
        for close in [{ $0.transport.abortConnection() }, { $0.transport.loseConnection() }] as [(Recorder) -> Void] {
            rounds = 0
            try again(close)
            try world.run()
            #expect(rounds == 8)
        }
    }
}
