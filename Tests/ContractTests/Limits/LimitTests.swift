import EventReactor
import Glibc
import Testing

@Suite("Contract 40: the limit of the write queue")
struct LimitTests {
    private static func exceeded(_ recorder: Recorder) -> WriteLimitExceeded? {
        recorder.reason?.failure as? WriteLimitExceeded
    }

    @Test(arguments: Setting.all)
    func line40AWriteOverTheLimitEndsTheConnectionWithATypedReason(_ setting: Setting) throws {
        try setting.run { world in
            var options = StreamOptions.narrow
            options.writeBufferLimit = 200_000
            let (server, client) = try world.pair(serverOptions: options, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            var writes = 0
            func write() {
                guard server.reason == nil else { return }
                writes += 1
                let waiting = server.transport.bufferedByteCount
                #expect(waiting <= 200_000)
                server.withoutCallbacks { $0.write(Pattern.bytes(10_000)) }
                if writes < 1000 { world.reactor.callSoon { write() } }
            }
            server.onMade = { server in
                #expect(server.transport.writeBufferLimit == 200_000)
                write()
            }
            server.onLost = { server, _ in
                client.transport.resumeReading()
                #expect(server.transport.bufferedByteCount == 0)
                let error = LimitTests.exceeded(server)
                #expect(error?.limit == 200_000)
                #expect((error?.wanted ?? 0) > 200_000)
                #expect(error?.peer == server.transport.peerAddress)
            }
            world.finishWhenLost(server, client) {
                #expect(writes > 20)
                #expect(Pattern.isFound(in: Array(client.received.prefix(10_000))))
                #expect(client.received.count < 400_000)
            }
        }
    }

    @Test(arguments: Setting.all, [0, -1])
    func line40ALimitOfNothingLetsNothingWait(_ setting: Setting, limit: Int) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            world.whenMade(server, client) {
                server.transport.writeBufferLimit = limit
                #expect(server.transport.writeBufferLimit == 0)
                server.transport.write(Pattern.bytes(1_000_000))
                // The loss is to come, and further writes are harmless.
                server.transport.write(Pattern.bytes(1_000_000))
                server.transport.write("x")
                #expect(server.transport.isClosing)
            }
            server.onLost = { server, _ in
                #expect(LimitTests.exceeded(server)?.limit == 0)
                client.transport.resumeReading()
            }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: Setting.all)
    func line40ALimitBelowWhatWaitsEndsTheConnectionAtTheNextWrite(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                server.transport.write(Pattern.bytes(1_000_000))
                server.transport.writeBufferLimit = 1000
                world.settle {
                    #expect(server.reason == nil)
                    #expect(server.transport.bufferedByteCount > 500_000)
                    server.withoutCallbacks { $0.write("x") }
                }
            }
            server.onLost = { server, _ in
                #expect(LimitTests.exceeded(server)?.limit == 1000)
                client.transport.resumeReading()
            }
            world.finishWhenLost(server, client)
        }
    }

    /// The limit itself may wait; one byte more may not.
    @Test(arguments: Setting.all)
    func line40TheLimitIsExact(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                server.transport.write(Pattern.bytes(500_000))
                server.transport.writeBufferLimit = server.transport.bufferedByteCount + 100
                server.transport.write(Pattern.bytes(100))
                world.settle {
                    #expect(server.reason == nil)
                    let waiting = server.transport.bufferedByteCount
                    server.transport.writeBufferLimit = waiting
                    server.transport.write("x")
                    world.settle { #expect(LimitTests.exceeded(server)?.wanted == waiting + 1) }
                }
            }
            server.onLost = { _, _ in client.transport.resumeReading() }
            world.finishWhenLost(server, client)
        }
    }

    @Test(arguments: Setting.all)
    func line40WithoutALimitMuchMayWait(_ setting: Setting) throws {
        try setting.run { world in
            var options = StreamOptions.narrow
            options.writeBufferLimit = 10
            let (server, client) = try world.pair(serverOptions: options, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { server in
                server.transport.writeBufferLimit = nil
                #expect(server.transport.writeBufferLimit == nil)
                for _ in 0..<10 { server.transport.write(Pattern.bytes(1_000_000)) }
                world.settle {
                    #expect(server.reason == nil)
                    #expect(server.transport.bufferedByteCount > 9_000_000)
                    world.finish()
                }
            }
        }
    }

    /// Another connection's peer that reads goes on unharmed.
    @Test(arguments: Setting.reactors)
    func line40OneWriteOverTheDefaultLimitEndsOneConnection(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            let (otherServer, otherClient) = try world.pair()
            client.onMade = { $0.transport.pauseReading() }
            world.whenMade(server, client, otherServer, otherClient) {
                #expect(server.transport.writeBufferLimit == 256 * 1024 * 1024)
                server.transport.write([UInt8](repeating: 1, count: 300_000_000))
            }
            server.onLost = { server, _ in
                let error = LimitTests.exceeded(server)
                #expect(error?.limit == 256 * 1024 * 1024)
                #expect((error?.wanted ?? 0) <= 300_000_000)
                client.transport.resumeReading()
            }
            client.onLost = { _, _ in otherClient.transport.write("still here") }
            otherServer.onData = { otherServer, _ in
                #expect(otherServer.text == "still here")
                world.finish()
            }
        }
    }

    /// In a process of its own, in which no other test allocates memory.
    @Test(.disabled(if: Sanitizer.isAddress || Sanitizer.isThread, "a sanitizer keeps what is freed"))
    func line40TheMemoryOfWhatWaitedIsReturned() async {
        await #expect(processExitsWith: .success) {
            for setting in Setting.all {
                try setting.run { world in
                    let (server, client) = try world.pair()
                    client.onMade = { $0.transport.pauseReading() }
                    var before = 0
                    world.whenMade(server, client) {
                        before = Memory.residentBytes()
                        server.transport.writeBufferLimit = 150_000_000
                        let piece = [UInt8](repeating: 1, count: 1_000_000)
                        for _ in 0..<100 { server.transport.write(piece) }
                        #expect(Memory.residentBytes() > before + 80_000_000)
                        for _ in 0..<100 { server.transport.write(piece) }
                    }
                    server.onLost = { server, _ in
                        #expect(LimitTests.exceeded(server) != nil)
                        world.settle {
                            #expect(Memory.residentBytes() < before + 20_000_000)
                            world.finish()
                        }
                    }
                }
            }
        }
    }
}
