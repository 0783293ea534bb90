import EventReactor
import Glibc
import Testing

@Suite("Contract 26, 27, 29: bytes")
struct BytesTests {
    @Test(arguments: Setting.all)
    func line26BytesArriveCompleteAndInOrder(_ setting: Setting) throws {
        let sizes = [1, 2, 63, 64, 1000, 4096, 8191, 8192, 8193, 16_384, 100_000, 1_000_000, 3]
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { client in
                var writer = PatternWriter()
                for size in sizes { writer.write(size, to: client.transport) }
                client.transport.loseConnection()
            }
            world.finishWhenLost(server, client) {
                #expect(server.received.count == sizes.reduce(0, +))
                #expect(Pattern.isFound(in: server.received))
                #expect(server.reason?.isDone == true)
                #expect(client.reason?.isDone == true)
            }
        }
    }

    /// Both ends write at once, from callbacks and from timers, more than the kernel takes.
    @Test(arguments: Setting.all, [1, 2, 3])
    func line26AnyMixOfWritesArrivesInOrderInBothDirections(_ setting: Setting, seed: Int) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            var sent: [String: Int] = [:]
            for (number, end) in [server, client].enumerated() {
                var writer = PatternWriter(seed: seed * 2 + number)
                var dice = Dice(seed: seed + 100)
                func go() {
                    guard writer.count < 400_000, end.reason == nil else { return }
                    for _ in 0..<dice.roll(6) { writer.writeAnything(to: end.transport) }
                    sent[end.name] = writer.count
                    if writer.count >= 400_000 { end.transport.loseWriteConnection() }
                }
                func goOn() {
                    go()
                    if writer.count < 400_000 { world.reactor.callLater(.microseconds(dice.roll(300))) { goOn() } }
                }
                end.closesWithPeer = false
                end.onMade = { _ in goOn() }
                end.onData = { _, _ in go() }
            }
            world.finishWhenLost(server, client) {
                for (from, to) in [(server, client), (client, server)] {
                    #expect(to.received.count == sent[from.name])
                    #expect(Pattern.isFound(in: to.received))
                    #expect(to.reason?.isDone == true)
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func line26NothingWrittenIsNothingSent(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            client.onMade = { client in
                client.transport.write([])
                client.transport.write("")
                client.transport.write([UInt8]().span)
                client.transport.write(contentsOf: [])
                client.transport.write(contentsOf: [[], [], []])
                #expect(client.transport.bufferedByteCount == 0)
                client.transport.loseConnection()
            }
            world.finishWhenLost(server, client) { #expect(server.calls == ["made", "readLost", "lost"]) }
        }
    }

    /// One callback writes to more connections than the reactor keeps gathered at a time.
    @Test(.serialized, arguments: Setting.all)
    func line26ABroadcastReachesEveryConnection(_ setting: Setting) throws {
        let count = 600
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try setting.run { world in
            var servers: [Recorder] = []
            var texts: Set<String> = []
            var lost = 0
            func broadcast() {
                for (number, server) in servers.enumerated() {
                    server.withoutCallbacks { transport in
                        transport.write("to number ")
                        transport.write("\(number)\n")
                        if number % 3 == 0 { transport.write(Pattern.bytes(20_000)) }
                        transport.loseConnection()
                    }
                }
            }
            let port = try world.listen {
                let server = Recorder("server")
                server.onData = { server, bytes in
                    servers.append(server)
                    if servers.count == count { broadcast() }
                }
                return server
            }
            for _ in 0..<count {
                try world.connect(to: port.localAddress) {
                    let client = Recorder("client")
                    client.onMade = { $0.transport.write("x") }
                    client.onLost = { client, reason in
                        #expect(reason.isDone)
                        let line = client.received.prefix { $0 != 0x0A }
                        let rest = client.received.count - line.count - 1
                        texts.insert("\(String(decoding: line, as: UTF8.self)), \(rest)")
                        lost += 1
                        if lost == count { world.finish() }
                    }
                    return client
                }
            }
            world.whenFinished = {
                #expect(texts == Set((0..<count).map { "to number \($0), \($0 % 3 == 0 ? 20_000 : 0)" }))
            }
        }
    }

    @Test(arguments: Setting.all)
    func line27NoWriteCallsBackOrWaits(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            server.onMade = { $0.transport.pauseReading() }
            func writeAll() {
                client.withoutCallbacks { transport in
                    transport.setWriteBufferLimits(high: 0, low: 0)
                    transport.write("x")
                    transport.write(Pattern.bytes(3_000_000))
                    transport.write(contentsOf: [Pattern.bytes(300_000), Pattern.bytes(9000)])
                    for _ in 0..<100 { transport.write(Pattern.bytes(1000).span) }
                    #expect(transport.bufferedByteCount > 2_000_000)
                }
            }
            client.onMade = { _ in
                writeAll()
                world.reactor.callSoon {
                    #expect(client.calls == ["made", "pause"])
                    writeAll()
                    world.finish()
                }
            }
        }
    }

    // MARK: After the loss

    private static func callEverything(of transport: any Transport) {
        transport.write("x")
        transport.write(Pattern.bytes(100_000))
        transport.write(Pattern.bytes(10).span)
        transport.write(contentsOf: [Pattern.bytes(10_000), Pattern.bytes(10_000)])
        transport.pauseReading()
        transport.resumeReading()
        transport.setWriteBufferLimits(high: 10, low: 1)
        transport.writeBufferLimit = 5
        transport.loseWriteConnection()
        transport.loseConnection()
        transport.loseConnection(within: .zero)
        transport.abortConnection()
        #expect(transport.isClosing)
        #expect(transport.bufferedByteCount == 0)
        #expect(!transport.setNoDelay(true))
        #expect(!transport.setKeepAlive(idle: .seconds(1), interval: .seconds(1), count: 1))
        _ = transport.localAddress.description + transport.peerAddress.description
    }

    @Test(arguments: Setting.all)
    func line29EveryCallAfterTheLossIsHarmless(_ setting: Setting) throws {
        var kept: [Recorder] = []
        try setting.run { world in
            let (server, client) = try world.pair()
            kept = [server, client]
            for end in kept { end.onLost = { end, _ in BytesTests.callEverything(of: end.transport) } }
            // Before connectionMade it is a closed transport.
            BytesTests.callEverything(of: server.transport)
            client.onMade = { $0.transport.write("hello") }
            server.onData = { server, _ in server.transport.loseConnection() }
            world.finishWhenLost(server, client) {
                world.reactor.callSoon {
                    for end in kept { end.withoutCallbacks(BytesTests.callEverything) }
                }
            }
        }
        // The reactor is gone too.
        for end in kept { end.withoutCallbacks(BytesTests.callEverything) }
        #expect(kept.allSatisfy { $0.calls.last == "lost" })
    }

    enum Ending: CaseIterable {
        case lose, abort, failure, peer, reset, deadline, stop
    }

    @Test(arguments: Setting.all, Ending.allCases)
    func line29TheProtocolIsLetGoAndTheDescriptorClosed(_ setting: Setting, ending: Ending) throws {
        weak var watched: Recorder?
        weak var stream: StreamConnection?
        var descriptor: Int32 = -1
        var file: UInt?
        func check() {
            #expect(watched == nil)
            #expect(stream == nil)
            // A simulated descriptor is no fd of the system.
            if setting.isOnKernel && descriptor >= 0 { #expect(inode(of: descriptor) != file) }
        }
        try setting.run { world in
            let port = try world.listen {
                let server = Recorder("server")
                watched = server
                server.onData = { server, _ in
                    stream = server.transport as? StreamConnection
                    descriptor = stream?.descriptor ?? -1
                    file = inode(of: descriptor)
                    switch ending {
                    case .lose: server.transport.loseConnection()
                    case .abort: server.transport.abortConnection()
                    case .failure: throw CancellationError()
                    case .deadline:
                        server.transport.write(Pattern.bytes(20_000_000))
                        server.transport.loseConnection(within: .milliseconds(1))
                    case .peer, .reset, .stop: server.transport.write("now")
                    }
                }
                server.onLost = { _, _ in
                    guard ending != .stop else { return }
                    // In the next turn: a connection that ended is freed at the end of its own.
                    world.reactor.callSoon {
                        world.reactor.callSoon {
                            check()
                            world.finish()
                        }
                    }
                }
                return server
            }
            try world.connect(to: port.localAddress) {
                let client = Recorder("client")
                client.onMade = { client in
                    client.transport.write("x")
                    if ending == .deadline { client.transport.pauseReading() }
                }
                client.onData = { client, _ in
                    switch ending {
                    case .peer: client.transport.loseConnection()
                    case .reset: client.transport.abortConnection()
                    case .stop: world.finish()
                    default: break
                    }
                }
                return client
            }
        }
        check()
    }
}
