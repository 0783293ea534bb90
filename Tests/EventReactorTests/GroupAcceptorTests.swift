import EventReactor
import Glibc
import Testing

@Suite("A group in which one reactor accepts")
struct GroupAcceptorTests {
    private func configuration(_ accepting: ReactorGroup.Accepting) -> ReactorGroup.Configuration {
        var configuration = ReactorGroup.Configuration.quiet
        configuration.accepting = accepting
        return configuration
    }

    @Test(arguments: [1, 2, 4]) func connectionsAreHandedRoundInTurn(_ count: Int) async throws {
        let group = try ReactorGroup.whoServes(count, configuration(.acceptor))
        try await group.start()
        #expect(group.localAddresses.count == 1)
        let address = try #require(group.localAddresses.first)
        let callers = (0..<40).compactMap { _ in Caller(address) }
        let places = callers.map { $0.ask() }
        for place in 0..<count { #expect(places.count { $0 == place } == 40 / count) }
        #expect(group.connectionCounts == Array(repeating: 40 / count, count: count))
        await group.stop()
        #expect(callers.allSatisfy { $0.seesEnd() })
        #expect(Caller(address) == nil)
    }

    @Test func theReactorWithTheFewestConnectionsHasTheNext() async throws {
        let group = try ReactorGroup.whoServes(3, configuration(.acceptor(handing: .toFewestConnections)))
        try await group.start()
        let address = try #require(group.localAddresses.first)
        var callers = (0..<30).compactMap { _ in Caller(address) }
        let places = callers.map { $0.ask() }
        #expect(group.connectionCounts == [10, 10, 10])
        // All of one reactor's end; the next ones are its.
        for (caller, place) in zip(callers, places).reversed() where place == 1 {
            callers.removeAll { $0 === caller }
        }
        while group.connectionCounts[1] > 0 { await Task.yield() }
        for _ in 0..<10 {
            let caller = try #require(Caller(address))
            #expect(caller.ask() == 1)
            callers.append(caller)
        }
        await group.stop()
    }

    @Test(arguments: [ReactorGroup.Accepting.eachReactor, .acceptor])
    func aUNIXSocketIsSharedByHandingItsConnectionsRound(_ accepting: ReactorGroup.Accepting) async throws {
        let path = "/tmp/swift-event-reactor-group-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock"
        let group = try ReactorGroup(count: 3, configuration: configuration(accepting)) { reactor in
            try reactor.listenUNIX(path: path, mode: 0o600) { [unowned reactor] in WhoServes(reactor) }
        }
        try await group.start()
        let address = try SocketAddress.unix(path: path)
        #expect(group.localAddresses == [address])
        let callers = (0..<30).compactMap { _ in Caller(address) }
        let places = callers.map { $0.ask() }
        for place in 0..<3 { #expect(places.count { $0 == place } == 10) }
        await group.stop()
        #expect(unsafe access(path, F_OK) != 0, "the file goes with the listener")
    }

    @Test func aReactorThatPausesIsLeftOut() async throws {
        let group = try await startedGroup(3)
        let address = try #require(group.localAddresses.first)
        _ = await group.collectFromEach { reactor in
            if reactor.placeInGroup == 2 { reactor.firstPort?.pauseAccepting() }
        }
        var callers = (0..<20).compactMap { _ in Caller(address) }
        #expect(Set(callers.map { $0.ask() }) == [0, 1])
        _ = await group.collectFromEach { reactor in
            if reactor.placeInGroup == 2 { reactor.firstPort?.resumeAccepting() }
        }
        callers += (0..<20).compactMap { _ in Caller(address) }
        #expect(Set(callers.suffix(20).map { $0.ask() }) == [0, 1, 2])
        await group.stop()
    }

    @Test func aReactorThatStopsListeningIsLeftOut() async throws {
        let group = try await startedGroup(3)
        let address = try #require(group.localAddresses.first)
        _ = await group.collectFromEach { reactor in
            if reactor.placeInGroup == 1 { reactor.firstPort?.stopListening() }
        }
        let callers = (0..<20).compactMap { _ in Caller(address) }
        #expect(Set(callers.map { $0.ask() }) == [0, 2])
        await group.stop()
    }

    @Test func theAcceptingReactorEndsTheListeningOfAll() async throws {
        let group = try await startedGroup(2)
        let address = try #require(group.localAddresses.first)
        _ = await group.collectFromEach { reactor in
            if reactor.placeInGroup == 0 { reactor.firstPort?.stopListening() }
        }
        #expect(Caller(address) == nil)
        #expect(group.localAddresses.isEmpty)
        await group.stop()
    }

    @Test func connectionsThatAreOnTheirWayAsAReactorEndsAreClosed() async throws {
        // The second reactor's thread is held up while connections are handed to it, and then it stops.
        let group = try await startedGroup(2)
        let address = try #require(group.localAddresses.first)
        let isHeld = Shared(false)
        let mayGoOn = Shared(false)
        group.remotes[1].callFromThread { reactor in
            isHeld.change { $0 = true }
            while !mayGoOn.value { sched_yield() }
            try? reactor.stop()
        }
        while !isHeld.value { await Task.yield() }
        let callers = (0..<10).compactMap { _ in Caller(address) }
        let first = Shared(0)
        while first.value < 5 {
            first.change { $0 = group.connectionCounts[0] }
            await Task.yield()
        }
        mayGoOn.change { $0 = true }
        try await group.wait()
        #expect(callers.count == 10)
        #expect(callers.allSatisfy { $0.seesEnd() })
    }

    @Test func aFactoryThatRefusesClosesWhatWasHandedToIt() async throws {
        let group = try ReactorGroup(count: 2, configuration: configuration(.acceptor)) { reactor in
            try reactor.listenTCP(port: 0, host: "127.0.0.1") { [unowned reactor] in
                reactor.placeInGroup == 1 ? nil : WhoServes(reactor)
            }
        }
        try await group.start()
        let callers = (0..<10).compactMap { [address = group.localAddresses[0]] _ in Caller(address) }
        #expect(callers.map { $0.ask() }.count { $0 == 0 } == 5)
        #expect(group.connectionCounts == [5, 0])
        await group.stop()
    }

    // MARK: Helpers

    private func startedGroup(_ count: Int) async throws -> ReactorGroup {
        let group = try ReactorGroup.whoServes(count, configuration(.acceptor))
        try await group.start()
        return group
    }
}

extension Reactor {
    fileprivate var firstPort: ListeningPort? { ports.numbers.first.flatMap { ports[$0] } }
}
