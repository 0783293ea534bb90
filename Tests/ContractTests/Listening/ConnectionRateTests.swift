import EventReactor
import EventReactorTesting
import Testing

@Suite("The rate of a listener's new connections")
struct ConnectionRateTests {
    @Test(arguments: Setting.withoutHandshake)
    func newConnectionsAreNoFasterThanTheRate(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited { $0.rate = ConnectionRate(100, burst: 3) }
            let reactor = world.reactor
            // The times at which protocols were made, behind a time before the first. A connection's token was taken
            // between its time and the one before it.
            var times = [reactor.now]
            var port: ListeningPort?
            port = try world.listen(options: options) {
                times.append(reactor.now)
                // No interval has more connections than the burst and the tokens that the rate adds in it.
                for first in 1..<times.count {
                    let within = times.count - first
                    let longest = times[first - 1].duration(to: times[times.count - 1])
                    #expect(longest >= .milliseconds(10 * (within - 3)))
                }
                if times.count == 21 {
                    #expect(port?.counters.refusedByRate == 0)
                    #expect((port?.counters.waits ?? 0) > 0)
                    world.finish()
                }
                return nil
            }
            let address = try #require(port).localAddress
            for _ in 0..<20 { try world.connect(to: address, { Recorder("client") }, onFailure: { _ in }) }
        }
    }

    @Test(arguments: Setting.reactors)
    func peersBeyondTheRateAreRefusedWhereThatIsAskedFor(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited {
                $0.rate = ConnectionRate(1, per: .seconds(3600), burst: 2)
                $0.excess = .close
            }
            let port = try world.listen(options: options) { Recorder("server") }
            var causes: [ExcessConnection.Cause] = []
            port.onExcess = { excess in
                causes.append(excess.cause)
                return nil
            }
            var lost = 0
            try world.connectClients(5, to: port) {
                lost += 1
                guard lost == 3 else { return }
                #expect(port.counters.refusedByRate == 3)
                #expect(causes == [.rate, .rate, .rate])
                #expect(port.connectionCount == 2)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func aTotalAndARateTogetherHaveNobodyRefused(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited {
                $0.total = 1
                $0.rate = ConnectionRate(200, burst: 1)
            }
            var served = 0
            var port: ListeningPort?
            port = try world.listen(options: options) {
                let server = Recorder("server")
                server.onMade = { $0.transport.loseConnection() }
                server.onLost = { _, _ in
                    served += 1
                    guard served == 6 else { return }
                    #expect(port?.counters.refusedByRate == 0 && port?.counters.refusedByTotal == 0)
                    world.finish()
                }
                return server
            }
            try world.connectClients(6, to: try #require(port))
        }
    }

    @Test(arguments: Setting.reactors)
    func aListenerStopsWhileItWaitsForItsRate(_ setting: Setting) throws {
        try setting.run { world in
            let options = ListenOptions.limited { $0.rate = ConnectionRate(1, per: .seconds(3600)) }
            var port: ListeningPort?
            port = try world.listen(options: options) {
                world.afterTurns(4) {
                    port?.stopListening()
                    world.finishSoon()
                }
                return nil
            }
            let address = try #require(port).localAddress
            for _ in 0..<2 {
                try world.connect(to: address, { Recorder("client") }, onFailure: { _ in })
            }
        }
    }
}
