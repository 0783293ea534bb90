import EventReactor
import Testing

@testable import EventReactorCore

@Suite("Contract 5, 7, 8: the end of a run, and errors in callbacks")
struct ShutdownTests {
    private struct Oops: Error {}

    // MARK: 5

    @Test(arguments: Setting.all)
    func line05EveryLiveConnectionIsToldThatTheReactorStopped(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var ends: [Recorder] = []
        var made = 0
        func end(_ name: String, _ prepare: @escaping (Recorder) -> Void = { _ in }) -> Recorder {
            let end = Recorder(name)
            ends.append(end)
            end.onMade = { end in
                prepare(end)
                made += 1
                // When all are connected, a turn later, so that the bytes written have arrived.
                if made == 10 { world.reactor.callLater(.zero) { world.finish() } }
            }
            return end
        }
        try world.pair(end("idle server"), end("idle client"))
        try world.pair(
            end("paused server") { $0.transport.pauseReading() },
            end("client of a paused server") { $0.transport.write("never read") })
        try world.pair(
            end("server of a paused client") { $0.transport.write([UInt8](repeating: 7, count: 8 << 20)) },
            end("paused client with a flood before it") { $0.transport.pauseReading() })
        try world.pair(end("half-closed server"), end("half-closed client") { $0.transport.loseWriteConnection() })
        for end in ends.suffix(2) { end.closesWithPeer = false }
        try world.pair(
            end("server that reads nothing") { $0.transport.pauseReading() },
            end("closing client") {
                $0.transport.write([UInt8](repeating: 7, count: 8 << 20))
                $0.transport.loseConnection()
            })
        try world.run()
        for end in ends {
            #expect(end.calls.last == "lost", "\(end.name)")
            #expect(end.reason?.isReactorStopped == true, "\(end.name): \(String(describing: end.reason))")
            #expect(end.transport.isClosing)
        }
        #expect(world.reactor.connectionCount == 0)
    }

    @Test(arguments: Setting.all)
    func line05OneThatMisbehavesWhileItIsLostStopsNoOther(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        world.reactor.onDiagnostic = { _ in }
        var ends: [Recorder] = []
        for number in 0..<4 {
            let (server, client) = try world.pair()
            ends += [server, client]
            server.onMade = { _ in if number == 3 { world.reactor.callLater(.zero) { world.finish() } } }
        }
        var failures = 0
        for end in ends {
            end.onLost = { end, _ in
                let all = ends.map(\.transport)
                for transport in [end.transport] + all {
                    transport.write("too late")
                    transport.write([UInt8](repeating: 1, count: 1 << 20))
                    transport.pauseReading()
                    transport.abortConnection()
                    transport.loseConnection()
                    transport.loseConnection(within: .zero)
                    transport.loseWriteConnection()
                    transport.resumeReading()
                    transport.setWriteBufferLimits(high: 0, low: 0)
                }
                world.reactor.callSoon { _ = end }
                world.reactor.callLater(.zero) { _ = end }
                do {
                    let port = try world.listen { Recorder("never made") }
                    let connector = try world.connect(
                        to: port.localAddress, { Recorder("never made") }, onFailure: { _ in failures += 1 })
                    connector.cancel()
                    port.stopListening()
                } catch { Issue.record(error) }
            }
        }
        try world.run()
        for end in ends {
            #expect(end.reason?.isReactorStopped == true)
            #expect(end.calls.filter { $0 == "lost" }.count == 1)
        }
        #expect(failures == ends.count)
        #expect(world.reactor.connectionCount == 0)
        #expect(world.reactor.ports.isEmpty)
    }

    @Test(arguments: Setting.all)
    func line05WhatIsLostInTheEndIsLetGo(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        weak var server: Recorder?
        weak var client: Recorder?
        do {
            let ends = (Recorder("server"), Recorder("client"))
            (server, client) = ends
            let port = try world.listen { [weak end = ends.0] in end }
            try world.connect(to: port.localAddress) { [weak end = ends.1] in end }
            ends.0.onMade = { [unowned world] _ in world.finish() }
            try world.run()
        }
        #expect(server == nil)
        #expect(client == nil)
    }

    @Test(arguments: Setting.all)
    func line05AConnectUnderWayIsToldAtTheEndAndNeverMade(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var failures: [ConnectError] = []
        let port = try world.listen { Recorder("server") }
        world.reactor.callSoon {
            #expect(throws: Never.self) {
                try world.connect(to: port.localAddress, { Recorder("client") }, onFailure: { failures.append($0) })
                // Cancelled in the very turn that is the last: its answer is due in the next one.
                try world.connect(to: port.localAddress, { Recorder("client") }, onFailure: { failures.append($0) })
                    .cancel()
            }
            world.finish()
        }
        try world.run()
        #expect(failures.count == 2)
        #expect(failures.allSatisfy { if case .cancelled = $0 { true } else { false } })
    }

    // MARK: 7

    @Test(arguments: Setting.all)
    func line07AnErrorThrownInACallbackEndsThatConnectionAlone(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let good = try world.pair()
        let throwsInMade = try world.pair()
        let throwsInData = try world.pair()
        // The end that connects: over TCP the other might never hear of a connection reset so early.
        throwsInMade.client.onMade = { _ in throw Oops() }
        throwsInData.server.onData = { _, _ in throw Oops() }
        throwsInData.client.onMade = { $0.transport.write("bite") }
        var lost = 0
        for end in [throwsInMade.server, throwsInMade.client, throwsInData.server, throwsInData.client] {
            end.onLost = { _, _ in
                lost += 1
                if lost == 4 { good.client.transport.write("are you there?") }
            }
        }
        good.server.onData = { server, _ in server.transport.write("yes") }
        good.client.onData = { client, _ in if client.text == "yes" { world.finish() } }
        try world.run()
        #expect(throwsInMade.client.reason?.failure is Oops)
        #expect(throwsInMade.client.calls == ["made", "lost"])
        #expect(throwsInData.server.reason?.failure is Oops)
        #expect(throwsInData.server.calls == ["made", "data", "lost"])
        #expect(good.server.reason?.isReactorStopped == true)
    }
}
