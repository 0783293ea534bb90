import EventReactor
import EventReactorCore
import EventReactorTesting
import Glibc
import Testing

@Suite("Metrics")
struct MetricsTests {
    @Test(arguments: Setting.all.filter { $0.transport != .startTLS })
    func bytesAndCallbacksAreThoseOfTheEchoes(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            var writer = PatternWriter()
            var rounds = 0
            func next() {
                rounds += 1
                for _ in 0..<3 { writer.writeAnything(to: client.transport) }
                // Something at least.
                writer.write(10, to: client.transport)
            }
            client.onMade = { _ in next() }
            server.onData = { $0.transport.write($1) }
            client.onData = { client, _ in
                guard client.received.count == writer.count else { return }
                guard rounds == 20 else { return next() }
                world.reactor.callSoon {
                    let traffic = world.reactor.metrics.traffic
                    #expect(traffic.bytesReceived == 2 * writer.count)
                    #expect(traffic.bytesSent == 2 * writer.count)
                    #expect(traffic.bytesQueued == 0 && traffic.connectionsQueued == 0 && traffic.bytesDropped == 0)
                    #expect(traffic.callbacks == (server.calls + client.calls).count { $0 == "data" })
                    world.finish()
                }
            }
        }
    }

    @Test(arguments: Setting.all.filter { $0.transport != .startTLS }, [true, false])
    func whatIsNotSentIsQueuedAndThenDropped(_ setting: Setting, byPeer: Bool) throws {
        let size = 8 << 20
        try setting.run { world in
            let (server, client) = try world.pair(serverOptions: .narrow, clientOptions: .narrow)
            client.onMade = { $0.transport.pauseReading() }
            server.onMade = { $0.transport.write([UInt8](repeating: 1, count: size)) }
            world.whenMade(server, client) {
                world.settle {
                    let traffic = world.reactor.metrics.traffic
                    #expect(traffic.connectionsQueued == 1 && traffic.bytesQueued > 0)
                    #expect(traffic.bytesQueued == server.transport.bufferedByteCount)
                    #expect(traffic.bytesSent + traffic.bytesQueued == size)
                    (byPeer ? client : server).transport.abortConnection()
                }
            }
            // A client that is paused need not notice.
            world.finishWhenLost(server) {
                let traffic = world.reactor.metrics.traffic
                #expect(traffic.bytesDropped > 0)
                #expect(traffic.bytesSent + traffic.bytesDropped == size)
                #expect(traffic.connectionsQueued == 0 && traffic.bytesQueued == 0)
            }
        }
    }

    @Test(arguments: Setting.withoutHandshake)
    func connectionsAreCountedByWhatMadeThemAndByHowTheyEnd(_ setting: Setting) throws {
        var reactor: ReactorBase?
        try setting.run { world in
            reactor = world.reactor
            let (server, client) = try world.pair()
            server.onMade = { $0.transport.loseConnection() }
            client.onMade = { _ in
                let connections = world.reactor.metrics.connections
                #expect(connections.made[.connector] == 1 && connections.now >= 1)
            }
            let port = try world.listen { Recorder("aborting") }
            try world.connect(to: port.localAddress) {
                let aborting = Recorder("aborting")
                aborting.onMade = { _ in throw CancellationError() }
                return aborting
            }
            world.wait(until: { world.reactor.metrics.connections.lost.total == 4 }) {
                let connections = world.reactor.metrics.connections
                #expect(connections.now == 0)
                #expect(connections.made[.listener] == 2 && connections.made[.connector] == 2)
                #expect(connections.made.total == 4)
                #expect(connections.lost[.failed] == 1 && connections.lost[.done] >= 2)
                #expect(client.reason?.isDone == true)
                _ = try? world.pair()
                world.wait(until: { world.reactor.connectionCount == 2 }) { world.finish() }
            }
        }
        #expect(reactor?.metrics.connections.lost[.reactorStopped] == 2)
        #expect(reactor?.metrics.connections.lost.total == 6)
    }

    @Test(arguments: Setting.transports.filter { !$0.transport.isSecured })
    func refusalsAndFailedConnectsAreCountedByCause(_ setting: Setting) throws {
        try setting.run { world in
            let port = try world.listen { nil }
            let nobody = try world.unusedAddress()
            var failures: [ConnectError] = []
            let declined = Recorder("declined")
            try world.connect(to: port.localAddress) { declined }
            try world.connect(to: nobody, { Recorder() }, onFailure: { failures.append($0) })
            try world.connect(to: port.localAddress, { Recorder() }, onFailure: { failures.append($0) }).cancel()
            #expect(world.reactor.metrics.connecting.underWay == 3)
            try world.connect(to: port.localAddress) { nil }
            world.wait(until: { declined.reason != nil && failures.count == 2 }) {
                world.wait(until: { world.reactor.metrics.accepting.refused[.declined] >= 2 }) {
                    let metrics = world.reactor.metrics
                    #expect(metrics.accepting.listeners == 1)
                    // The cancelled connect may have reached the listener.
                    #expect(metrics.accepting.accepted == metrics.accepting.refused[.declined])
                    #expect(metrics.accepting.accepted == metrics.accepting.refused.total)
                    #expect(metrics.connecting.started == 4 && metrics.connecting.underWay == 0)
                    #expect(metrics.connecting.failed[.refused] == 1)
                    #expect(metrics.connecting.failed[.cancelled] == 1)
                    #expect(metrics.connecting.failed[.declined] == 1)
                    #expect(metrics.connecting.failed.total == 3)
                    #expect(metrics.connections.made.total == 1)
                    world.finish()
                }
            }
        }
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers))
    func peersThatAShortageClosesAreCounted(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            try setting.run { world in
                let crowd = try Crowd(world, .close, count: 10)
                crowd.onLost = {
                    guard crowd.lost == 10 else { return }
                    let accepting = world.reactor.metrics.accepting
                    #expect(accepting.refused[.noDescriptor] == 10 && accepting.refused.total == 10)
                    #expect(accepting.shortages == crowd.failures.count)
                    #expect(accepting.accepted == 1)
                    crowd.shortage?.release()
                    world.finish()
                }
            }
        }
    }

    @Test func peersThatASimulatedShortageClosesAreCounted() throws {
        let network = SimulatedNetwork(seed: 1)
        defer { network.end() }
        let server = network.host("server")
        server.descriptorLimit = 1
        try server.listenTCP(port: 7) { Recorder() }.onAcceptFailure = { _ in }
        for _ in 0..<5 { try network.host("client").connectTCP(host: "server", port: 7) { Recorder() } }
        network.runUntilIdle()
        let metrics = server.metrics
        #expect(metrics.accepting.accepted == 1 && metrics.accepting.refused[.noDescriptor] == 4)
        #expect((metrics + network.host("client").metrics).connections.made.total == 6)
    }

    @Test(arguments: Setting.reactors)
    func whatWaitsIsCounted(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            let before = reactor.metrics
            for _ in 0..<3 { world.remote.callFromThread { _ in } }
            for _ in 0..<4 { reactor.callSoon {} }
            let far = (0..<5).map { _ in reactor.callLater(.seconds(3000)) {} }
            #expect(reactor.metrics.remote.waiting == 3)
            #expect(reactor.metrics.loop.callSoonWaiting == before.loop.callSoonWaiting + 4)
            #expect(reactor.metrics.timers.waiting == before.timers.waiting + 5)
            reactor.deferToThread {
            } then: { _ in
                let metrics = reactor.metrics.since(before)
                #expect(metrics.remote.waiting == 0 && metrics.remote.calls >= 4 && metrics.remote.deepest >= 3)
                #expect(metrics.work.underWay == 0)
                #expect(metrics.loop.turns > 0 && metrics.loop.turns == Int(reactor.turnNumber))
                let fired = metrics.timers.fired
                for timer in far { timer.cancel() }
                reactor.callLater(.zero) {
                    // Counted as it fires; cancelled ones are not.
                    #expect(reactor.metrics.timers.fired == fired + 1)
                    world.finish()
                }
            }
            #expect(reactor.metrics.work.underWay == 1)
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func otherThreadsCanAskForThem(_ setting: Setting) async throws {
        let world = try setting.makeWorld()
        let remote = world.remote
        // Asked before the run, which keeps the thread that the task would need.
        let answer = Task.detached { try await remote.metrics() }
        while world.reactor.metrics.remote.waiting < 1 { await Task.yield() }
        remote.callFromThread { _ in remote.stop() }
        try world.run()
        let metrics = try await answer.value
        #expect(metrics.reactors == 1 && metrics.remote.calls >= 1)
        // No reactor is left to answer.
        let cancelled = Task { try await remote.metrics() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        let unanswered = Task { try await remote.metrics() }
        while world.reactor.metrics.remote.waiting < 2 { await Task.yield() }
        world.end()
        await #expect(throws: ReactorError.notRunning) { try await unanswered.value }
        await #expect(throws: ReactorError.notRunning) { try await remote.metrics() }
    }

    @Test(arguments: Setting.kernelReactors)
    func aSignalPrintsThem(_ setting: Setting) async throws {
        await #expect(processExitsWith: .success) { [setting] in
            var ends: [Int32] = [-1, -1]
            try #require(unsafe pipe(&ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0)
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
            var bytes = [UInt8](repeating: 0, count: 4096)
            var count = 0
            try setting.run { world in
                world.reactor.printMetrics(on: SIGUSR1)
                world.reactor.callSoon { sendSignal(SIGUSR1) }
                world.wait(until: {
                    count = unsafe read(ends[0], &bytes, bytes.count)
                    return count > 0
                }) { world.finish() }
            }
            let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            #expect(text.hasPrefix("connections   0 now, made 0, lost 0\n") && text.hasSuffix("\n"), "\(text)")
        }
    }
}
