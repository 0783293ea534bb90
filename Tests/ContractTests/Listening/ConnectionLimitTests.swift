import EventReactor
import EventReactorTesting
import Testing

@Suite("Limits of a listener")
struct ConnectionLimitTests {
    @Test(arguments: Setting.withoutHandshake)
    func peersBeyondTheTotalWaitAndAreServedAsOthersLeave(_ setting: Setting) throws {
        try setting.run { world in
            var live = 0
            var served = 0
            let options = ListenOptions.limited { $0.total = 3 }
            var port: ListeningPort?
            let made = try world.listen(options: options) {
                live += 1
                #expect(live <= 3)
                let server = Recorder("server")
                server.onMade = { server in
                    #expect((port?.connectionCount ?? 0) <= 3)
                    world.afterTurns(3) { server.transport.loseConnection() }
                }
                server.onLost = { _, _ in
                    live -= 1
                    served += 1
                    guard served == 12 else { return }
                    #expect(port?.counters.accepted == 12)
                    #expect(port?.counters.refusedByTotal == 0)
                    #expect((port?.counters.waits ?? 0) > 0)
                    #expect(port?.connectionCount == 0)
                    world.finish()
                }
                return server
            }
            port = made
            try world.connectClients(12, to: made)
        }
    }

    @Test(arguments: Setting.withPorts)
    func aPeerThatLeavesMakesRoomForItself(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited { $0.perPeer = 1 }
            var made = 0
            let port = try world.listen(options: options) {
                made += 1
                let server = Recorder("server")
                server.onMade = { $0.transport.write("hi") }
                return server
            }
            func join() {
                let client = Recorder("client")
                client.onData = { client, _ in client.transport.loseConnection() }
                client.onLost = { _, _ in
                    // The server's end may be lost a little later.
                    func again() {
                        guard port.connectionCount == 0 else { return world.afterTurns(1, again) }
                        if made == 5 { world.finish() } else { join() }
                    }
                    again()
                }
                #expect(throws: Never.self) { try world.connect(to: port.localAddress) { client } }
            }
            join()
        }
    }

    @Test(arguments: Setting.reactors)
    func aPauseAndAFullListenerHoldIndependently(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited { $0.total = 1 }
            var servers: [Recorder] = []
            var whenFull: () -> Void = {}
            let listener = try world.listen(options: options) {
                let server = Recorder("server")
                servers.append(server)
                if servers.count == 1 { world.afterTurns(4) { whenFull() } }
                if servers.count == 2 { world.finishSoon() }
                return server
            }
            whenFull = {
                #expect(servers.count == 1 && listener.isAccepting)
                // Resuming does not get round the limit.
                listener.pauseAccepting()
                listener.resumeAccepting()
                world.afterTurns(4) {
                    #expect(servers.count == 1)
                    listener.pauseAccepting()
                    servers[0].transport.abortConnection()
                    world.afterTurns(4) {
                        // And leaving does not get round the pause.
                        #expect(servers.count == 1 && listener.connectionCount == 0)
                        listener.resumeAccepting()
                    }
                }
            }
            world.whenFinished = { whenFull = {} }
            try world.connectClients(2, to: listener)
        }
    }

    @Test(arguments: Setting.reactors)
    func connectionsThatOutliveTheirListenerAreCountedToTheirLoss(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited {
                $0.total = 2
                $0.perPeer = 2
            }
            var servers: [Recorder] = []
            var port: ListeningPort?
            port = try world.listen(options: options) {
                let server = Recorder("server")
                servers.append(server)
                if servers.count == 2 {
                    world.afterTurns(4) {
                        port?.stopListening()
                        #expect(port?.connectionCount == 2)
                        servers[0].transport.abortConnection()
                        servers[1].transport.loseConnection()
                    }
                }
                server.onLost = { _, _ in
                    guard servers.allSatisfy({ $0.reason != nil }) else { return }
                    #expect(port?.connectionCount == 0)
                    world.finishSoon()
                }
                return server
            }
            try world.connectClients(2, to: try #require(port))
        }
    }

    @Test(arguments: Setting.reactors, [0, -1, Int.min])
    func aLimitOfNoneTakesNobodyAndDoesNotSpin(_ setting: Setting, limit: Int) throws {
        try setting.run { world in
            let options = ListenOptions.limited { $0.total = limit }
            let port = try world.listen(options: options) {
                Issue.record("accepted")
                return nil
            }
            let client = Recorder("client")
            client.onMade = { _ in
                let turns = world.reactor.turnNumber
                world.reactor.callLater(.milliseconds(50)) {
                    #expect(world.reactor.turnNumber - turns < 10, "the loop spins")
                    port.stopListening()
                    world.finish()
                }
            }
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.reactors)
    func drainingEndsWhereAListenerWasFull(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited { $0.total = 1 }
            let port = try world.listen(options: options) {
                let server = Recorder("server")
                server.onMade = { server in
                    world.afterTurns(4) {
                        // The clients that wait are served too, one after another.
                        if !world.reactor.isDraining {
                            #expect(throws: Never.self) { try world.reactor.stop(drainingFor: .seconds(3600)) }
                        }
                        server.transport.loseConnection()
                    }
                }
                return server
            }
            for client in try world.connectClients(3, to: port) {
                client.onLost = { _, reason in #expect(!reason.isReactorStopped) }
            }
        }
    }
}
