import EventReactor
import Glibc
import TestSupport
import Testing

@Suite("A group's backlog when listening ends")
struct GroupBacklogTests {
    /// The ways in which a group, or a reactor of it, ends listening.
    enum End: CaseIterable, Sendable { case drainOfAll, memberLeaves }

    @Test(
        arguments: [ReactorGroup.Accepting.eachReactor, .acceptor, .acceptor(handing: .toFewestConnections)],
        End.allCases)
    func line47NobodyIsLost(_ accepting: ReactorGroup.Accepting, _ end: End) async throws {
        var configuration = ReactorGroup.Configuration.quiet
        configuration.accepting = accepting
        let group = try ReactorGroup.answeringWithIndex(3, configuration)
        try await group.start()
        let address = try #require(group.localAddresses.first)
        // The loops are blocked while peers connect.
        let gate = await group.block([0, 1, 2]) { reactor in
            if end == .memberLeaves, reactor.placeInGroup == 1 { reactor.firstPort?.stopListening() }
        }
        var callers = (0..<60).compactMap { _ in Caller(address) }
        #expect(callers.count == 60)
        if end == .drainOfAll { group.requestStop(drainingFor: .seconds(3600)) }
        gate.open()
        #expect(callers.allSatisfy { $0.ask() != nil })
        if end == .memberLeaves {
            #expect(Caller(address)?.ask() != nil)
            await group.stop()
        }
        callers = []
        try await group.wait()
    }

    @Test func line47ConnectionsOnTheirWayToAReactorThatLeavesAreServed() async throws {
        var configuration = ReactorGroup.Configuration.quiet
        configuration.accepting = .acceptor
        let group = try ReactorGroup.answeringWithIndex(2, configuration)
        try await group.start()
        let address = try #require(group.localAddresses.first)
        // The second reactor is blocked while connections are distributed to it.
        let gate = await group.block([1]) { $0.firstPort?.stopListening() }
        let callers = (0..<10).compactMap { _ in Caller(address) }
        while group.connectionCounts[0] < 5 { await Task.yield() }
        gate.open()
        #expect(callers.count == 10)
        #expect(Set(callers.map { $0.ask() }) == [0, 1])
        await group.stop()
    }
}
