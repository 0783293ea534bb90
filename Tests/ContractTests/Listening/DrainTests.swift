import EventReactor
import Testing

@testable import EventReactorCore

@Suite("Contract 8: a gentle stop")
struct DrainTests {
    @Test(arguments: Setting.all)
    func line08LiveConnectionsFinishAndTheStopIsEarly(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var calls: [String] = []
        let (server, client) = try world.pair()
        world.reactor.onShutdown { calls.append("hooks") }
        client.onMade = { client in
            try world.reactor.stop(drainingFor: .seconds(1_000_000))
            #expect(world.reactor.ports.isEmpty)
            world.reactor.callLater(.milliseconds(2)) { client.transport.write("last request") }
        }
        server.onData = { server, _ in server.transport.write("answer") }
        client.onData = { client, _ in
            if client.text == "answer" { client.transport.loseConnection() }
        }
        client.onLost = { _, reason in calls.append("client \(reason)") }
        try world.run()
        #expect(server.text == "last request")
        #expect(server.reason?.isDone == true)
        #expect(client.reason?.isDone == true)
        #expect(calls == ["client \(ConnectionLostReason.done)", "hooks"])
    }

    @Test(arguments: Setting.all)
    func line08WhatIsLeftAtTheDeadlineIsClosed(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let (server, client) = try world.pair()
        let begin = world.reactor.now
        client.onMade = { client in
            client.transport.pauseReading()
            try world.reactor.stop(drainingFor: .milliseconds(30))
        }
        world.reactor.onShutdown {
            #expect(begin.duration(to: world.reactor.now) >= .milliseconds(30))
            #expect(server.reason == nil)
        }
        try world.run()
        #expect(server.reason?.isReactorStopped == true)
        #expect(client.reason?.isReactorStopped == true)
    }

    @Test(arguments: Setting.all)
    func line08NothingIsAcceptedAnyMore(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let server = Recorder("server")
        let client = Recorder("client")
        let port = try world.listen { server }
        let address = port.localAddress
        try world.connect(to: address) { client }
        var failure: ConnectError?
        client.onMade = { client in client.transport.write("hello") }
        server.onData = { _, _ in
            try world.reactor.stop(drainingFor: .seconds(1_000_000))
            #expect(!port.isListening)
            try world.connect(to: address, { Recorder("second") }) { error in
                failure = error
                client.transport.loseConnection()
            }
        }
        try world.run()
        guard case .refused = failure else {
            Issue.record("not refused: \(String(describing: failure))")
            return
        }
        #expect(client.reason?.isDone == true)
    }

    @Test(arguments: Setting.all)
    func line08AConnectUnderWayIsCancelledAndToldOnce(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var failures: [ConnectError] = []
        let port = try world.listen { Recorder("server") }
        let address = port.localAddress
        world.reactor.callSoon {
            #expect(throws: Never.self) {
                try world.connect(to: address, { Recorder("client") }, onFailure: { failures.append($0) })
                try world.reactor.stop(drainingFor: .seconds(1_000_000))
            }
        }
        try world.run()
        #expect(failures.count == 1)
        #expect(failures.allSatisfy { if case .cancelled = $0 { true } else { false } })
    }

    @Test(arguments: Setting.reactors)
    func line08WithoutConnectionsItStopsAtOnce(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        for time in [Duration.seconds(Int64.max), .zero, .seconds(-1)] {
            world.reactor.callSoon {
                #expect(throws: Never.self) { try world.reactor.stop(drainingFor: time) }
                #expect(throws: ReactorError.alreadyStopping) { try world.reactor.stop(drainingFor: time) }
            }
            try world.run()
        }
    }

    @Test(arguments: Setting.all)
    func line08OfSeveralDrainsTheEarliestEndCounts(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let (server, client) = try world.pair()
        client.onMade = { _ in
            try world.reactor.stop(drainingFor: .seconds(1_000_000))
            #expect(throws: ReactorError.alreadyStopping) {
                try world.reactor.stop(drainingFor: .seconds(2_000_000))
            }
            world.reactor.callLater(.milliseconds(1)) {
                #expect(throws: Never.self) { try world.reactor.stop(drainingFor: .milliseconds(20)) }
                #expect(throws: ReactorError.alreadyStopping) { try world.reactor.stop(drainingFor: .seconds(1)) }
            }
        }
        try world.run()
        #expect(client.reason?.isReactorStopped == true)
        #expect(server.calls.isEmpty || server.reason?.isReactorStopped == true)
    }

    @Test(arguments: Setting.all)
    func line08AStopMeanwhileEndsTheWait(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        for isRemote in [false, true] {
            let (server, client) = try world.pair()
            client.onMade = { _ in
                try world.reactor.stop(drainingFor: .seconds(1_000_000))
                world.reactor.callLater(.milliseconds(1)) {
                    if isRemote { world.remote.stop() } else { world.finish() }
                }
            }
            try world.run()
            #expect(client.reason?.isReactorStopped == true)
            #expect(server.calls.isEmpty || server.reason?.isReactorStopped == true)
        }
    }

    @Test(arguments: Setting.all)
    func line08TheDeadlineOfOneRunEndsNoLaterOne(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        world.reactor.callSoon {
            #expect(throws: Never.self) { try world.reactor.stop(drainingFor: .milliseconds(20)) }
        }
        try world.run()
        let (server, client) = try world.pair()
        client.onMade = { client in
            try world.reactor.stop(drainingFor: .seconds(1_000_000))
            world.reactor.callLater(.milliseconds(40)) { client.transport.loseConnection() }
        }
        try world.run()
        #expect(client.reason?.isDone == true)
        #expect(server.calls.isEmpty || server.reason?.isDone == true)
    }
}
