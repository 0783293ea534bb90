import EventReactor
import Glibc
import TestSupport
import Testing

@testable import EventReactorCore

@Suite("A group in which one reactor accepts")
struct GroupAcceptorTests {
    private func configuration(_ accepting: ReactorGroup.Accepting) -> ReactorGroup.Configuration {
        var configuration = ReactorGroup.Configuration.quiet
        configuration.accepting = accepting
        return configuration
    }

    @Test(arguments: [1, 2, 4]) func connectionsAreHandedRoundInTurn(_ count: Int) async throws {
        let group = try ReactorGroup.answeringWithIndex(count, configuration(.acceptor))
        try await group.start()
        #expect(group.localAddresses.count == 1)
        let address = try #require(group.localAddresses.first)
        let callers = (0..<40).compactMap { _ in Caller(address) }
        let indices = callers.map { $0.ask() }
        for index in 0..<count { #expect(indices.count { $0 == index } == 40 / count) }
        #expect(group.connectionCounts == Array(repeating: 40 / count, count: count))
        await group.stop()
        #expect(callers.allSatisfy { $0.seesEnd() })
        #expect(Caller(address) == nil)
    }

    @Test func theReactorWithTheFewestConnectionsHasTheNext() async throws {
        let group = try ReactorGroup.answeringWithIndex(3, configuration(.acceptor(handing: .toFewestConnections)))
        try await group.start()
        let address = try #require(group.localAddresses.first)
        var callers = (0..<30).compactMap { _ in Caller(address) }
        let indices = callers.map { $0.ask() }
        #expect(group.connectionCounts == [10, 10, 10])
        // All connections of one reactor end; it gets the next ones.
        for (caller, index) in zip(callers, indices).reversed() where index == 1 {
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
            try reactor.listenUNIX(path: path, mode: 0o600) { [unowned reactor] in IndexAnswerer(reactor) }
        }
        try await group.start()
        let address = try SocketAddress.unix(path: path)
        #expect(group.localAddresses == [address])
        let callers = (0..<30).compactMap { _ in Caller(address) }
        let indices = callers.map { $0.ask() }
        for index in 0..<3 { #expect(indices.count { $0 == index } == 10) }
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
        // The second reactor's thread is blocked while connections are distributed to it, and then it stops.
        let group = try await startedGroup(2)
        let address = try #require(group.localAddresses.first)
        let gate = await group.block([1]) { try? $0.stop() }
        let callers = (0..<10).compactMap { _ in Caller(address) }
        let first = Shared(0)
        while first.value < 5 {
            first.change { $0 = group.connectionCounts[0] }
            await Task.yield()
        }
        gate.open()
        try await group.wait()
        #expect(callers.count == 10)
        #expect(callers.allSatisfy { $0.seesEnd() })
    }

    @Test func aFactoryThatRefusesClosesWhatWasHandedToIt() async throws {
        let group = try ReactorGroup(count: 2, configuration: configuration(.acceptor)) { reactor in
            try reactor.listenTCP(port: 0, host: "127.0.0.1") { [unowned reactor] in
                reactor.placeInGroup == 1 ? nil : IndexAnswerer(reactor)
            }
        }
        try await group.start()
        let callers = (0..<10).compactMap { [address = group.localAddresses[0]] _ in Caller(address) }
        #expect(callers.map { $0.ask() }.count { $0 == 0 } == 5)
        #expect(group.connectionCounts == [5, 0])
        await group.stop()
    }

    // MARK: A blocked reactor

    @Test(arguments: [ReactorGroup.Accepting.acceptor, .acceptor(handing: .toFewestConnections)])
    func whatIsUnderWayToAReactorIsBoundedAndTheOthersServe(_ accepting: ReactorGroup.Accepting) async throws {
        let group = try ReactorGroup.answeringWithIndex(2, configuration(accepting))
        try await group.start()
        let address = try #require(group.localAddresses.first)
        let count = 3 * PortLoad.mostUnderWay
        let gate = await group.block([1])
        let callers = (0..<count).compactMap { _ in Caller(address) }
        while group.connectionCounts[0] < count - PortLoad.mostUnderWay { await Task.yield() }
        #expect(group.connectionCounts == [count - PortLoad.mostUnderWay, 0])
        gate.open()
        // None is lost, and none is served twice.
        let indices = callers.map { $0.ask() }
        #expect(indices.count { $0 == 1 } == PortLoad.mostUnderWay)
        #expect(indices.count { $0 == 0 } == count - PortLoad.mostUnderWay)
        await group.stop()
    }

    @Test func whatIsUnderWayCountsInTheLimitOfAll() async throws {
        let group = try limitedGroup { $0.total = 10 }
        try await group.start()
        let address = try #require(group.localAddresses.first)
        let gate = await group.block([1])
        // Twenty are accepted, ten of them for the blocked one; all others are refused at once.
        let callers = (0..<60).compactMap { _ in Caller(address) }
        let answers = await refusals(group, 40)
        #expect(answers == [40, 0])
        gate.open()
        #expect(callers.count { $0.ask() == 1 } == 10)
        #expect(callers.count { $0.ask() == 0 } == 10)
        #expect(group.connectionCounts == [10, 10])
        await group.stop()
    }

    @Test func whatIsUnderWayCountsInTheLimitOfAPeer() async throws {
        let group = try limitedGroup { $0.perPeer = 3 }
        try await group.start()
        let address = try #require(group.localAddresses.first)
        let gate = await group.block([1])
        let callers = (0..<30).compactMap { _ in Caller(address) }
        let answers = await refusals(group, 24)
        #expect(answers == [24, 0])
        gate.open()
        #expect(callers.count { $0.ask() == 1 } == 3)
        #expect(callers.count { $0.ask() == 0 } == 3)
        await group.stop()
    }

    @Test func aReactorThatTakesNoMoreLeavesThemToTheOthers() async throws {
        let group = try ReactorGroup(count: 2, configuration: configuration(.acceptor)) { reactor in
            var options = ListenOptions()
            if reactor.placeInGroup == 1 { options.limits.total = 2 }
            try reactor.listenTCP(port: 0, host: "127.0.0.1", options: options) { [unowned reactor] in
                IndexAnswerer(reactor)
            }
        }
        try await group.start()
        let address = try #require(group.localAddresses.first)
        var callers = (0..<10).compactMap { _ in Caller(address) }
        #expect(callers.map { $0.ask() }.count { $0 == 1 } == 2)
        #expect(group.connectionCounts == [8, 2])
        // When one of its own has ended, it gets the next.
        callers.removeAll { $0.ask() == 1 }
        while group.connectionCounts[1] > 0 { await Task.yield() }
        callers += (0..<4).compactMap { _ in Caller(address) }
        #expect(callers.suffix(4).map { $0.ask() }.count { $0 == 1 } == 2)
        await group.stop()
    }

    private func limitedGroup(_ change: @escaping @Sendable (inout ConnectionLimits) -> Void) throws -> ReactorGroup {
        try ReactorGroup(count: 2, configuration: configuration(.acceptor)) { reactor in
            var options = ListenOptions()
            options.limits.excess = .close
            change(&options.limits)
            try reactor.listenTCP(port: 0, host: "127.0.0.1", options: options) { [unowned reactor] in
                IndexAnswerer(reactor)
            }
        }
    }

    /// Waits until the first reactor has refused a number of connections, and returns the number that each has refused.
    private func refusals(_ group: ReactorGroup, _ count: Int) async -> [Int] {
        let refused = Shared([0, 0])
        while refused.value[0] < count {
            group.remotes[0].callFromThread { reactor in
                guard let counters = reactor.firstPort?.counters else { return }
                refused.change { $0[0] = Int(counters.refusedByTotal + counters.refusedByPeer) }
            }
            await Task.yield()
        }
        return refused.value
    }

    // MARK: Helpers

    private func startedGroup(_ count: Int) async throws -> ReactorGroup {
        let group = try ReactorGroup.answeringWithIndex(count, configuration(.acceptor))
        try await group.start()
        return group
    }
}

extension Reactor {
    var firstPort: ListeningPort? { ports.ids.first.flatMap { ports[$0] } }
}
