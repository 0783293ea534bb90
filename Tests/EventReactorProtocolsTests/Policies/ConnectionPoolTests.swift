import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

@Suite("ConnectionPool: lending")
struct ConnectionPoolTests {
    @Test func aConnectionIsMadeWhenItIsNeededAndLentAgain() throws {
        let scene = try PoolScene()
        scene.settle()
        #expect(scene.counts == [0, 0, 0, 0])
        try scene.borrow("a")
        #expect(scene.log == [] && scene.counts == [1, 0, 0, 1])
        scene.settle()
        #expect(scene.log == ["a 0"] && scene.counts == [1, 0, 1, 0])
        scene.giveBack("a")
        #expect(scene.counts == [1, 1, 0, 0])
        try scene.borrow("b")
        #expect(scene.log.count == 1)
        scene.settle()
        #expect(scene.log == ["a 0", "b 0"] && scene.served.count == 1)
    }

    @Test func theConnectionThatWasReturnedLastIsLentFirst() throws {
        let scene = try PoolScene()
        for name in ["a", "b", "c"] { try scene.lend(name) }
        for name in ["b", "c", "a"] { scene.giveBack(name) }
        try scene.lend("d")
        try scene.lend("e")
        #expect(scene.log.suffix(2) == ["d 0", "e 2"])
    }

    @Test func noMoreConnectionsAreMadeThanMayBeAndOthersWaitInLine() throws {
        let scene = try PoolScene { $0.maximumConnections = 2 }
        for name in ["a", "b", "c", "d", "e"] { try scene.borrow(name) }
        scene.settle()
        #expect(scene.log == ["a 0", "b 1"] && scene.counts == [2, 0, 2, 3])
        scene.giveBack("b")
        scene.giveBack("a")
        scene.settle()
        #expect(scene.log.count == 4 && scene.log[2].hasPrefix("c ") && scene.log[3].hasPrefix("d "))
        scene.giveBack("c")
        scene.settle()
        #expect(scene.log.count == 5 && scene.log[4].hasPrefix("e ") && scene.served.count == 2)
    }

    @Test func aReturnedConnectionServesAWaiterForWhomAnotherIsStillBeingMade() throws {
        let scene = try PoolScene()
        try scene.lend("a")
        try scene.borrow("b")
        scene.giveBack("a")
        scene.reactor.advance(by: .zero)
        #expect(scene.log == ["a 0", "b 0"] && scene.pool.connectionCount == 2)
        scene.settle()
        #expect(scene.counts == [2, 1, 1, 0])
    }

    @Test func waitersBeyondTheLimitAreRefusedAtOnce() throws {
        let scene = try PoolScene {
            $0.maximumConnections = 2
            $0.maximumWaiters = 1
        }
        for name in ["a", "b", "c"] { try scene.borrow(name) }
        #expect(refusal { try scene.borrow("d") } == "too many")
        scene.settle()
        #expect(refusal { try scene.borrow("e") } == "too many")
        scene.giveBack("a")
        scene.settle()
        try scene.borrow("f")
        #expect(scene.pool.waiterCount == 1)
    }

    @Test func withoutWaitersOnlyFreePlacesAreLent() throws {
        let scene = try PoolScene {
            $0.maximumConnections = 1
            $0.maximumWaiters = 0
        }
        try scene.lend("a")
        #expect(refusal { try scene.borrow("b") } == "too many")
        scene.giveBack("a")
        try scene.lend("c")
    }

    @Test func aWaiterHasADeadline() throws {
        let scene = try PoolScene {
            $0.maximumConnections = 1
            $0.waitTimeout = .seconds(3)
        }
        try scene.lend("a")
        try scene.borrow("b")
        scene.reactor.advance(by: .seconds(1))
        try scene.borrow("c")
        scene.reactor.advance(by: .seconds(2) - .nanoseconds(1))
        #expect(scene.log == ["a 0"])
        scene.reactor.advance(by: .nanoseconds(1))
        #expect(scene.log == ["a 0", "b timed out"])
        scene.giveBack("a")
        scene.settle()
        #expect(scene.log == ["a 0", "b timed out", "c 0"])
        scene.reactor.advance(by: .seconds(10))
        #expect(scene.log.count == 3)
    }

    @Test func theDeadlineIncludesTheConnect() throws {
        let scene = try PoolScene { $0.waitTimeout = .nanoseconds(1) }
        try scene.borrow("a")
        scene.settle()
        #expect(scene.log == ["a timed out"])
        // The connection that came is kept.
        #expect(scene.counts == [1, 1, 0, 0])
    }

    @Test func aWaiterMayGiveUp() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        try scene.lend("a")
        let b = try scene.borrow("b")
        try scene.borrow("c")
        #expect(b.isWaiting && b.cancel() && !b.cancel() && !b.isWaiting)
        scene.giveBack("a")
        scene.settle()
        #expect(scene.log == ["a 0", "c 0"])
        #expect(scene.pool.waiterCount == 0 && scene.reactor.timeouts.count == 0)
    }

    @Test func aThousandWaitersGiveUp() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        try scene.lend("a")
        for round in 0..<3 {
            var waiters: [PoolScene.Waiter] = []
            for index in 0..<1_000 { waiters.append(try scene.borrow("\(round) \(index)")) }
            var random = SeededRandom(seed: 1)
            waiters.shuffle(using: &random)
            for waiter in waiters.dropLast() { waiter.cancel() }
            #expect(scene.pool.waiterCount == 1)
            scene.leases.first?.value.giveBack()
            scene.leases = [:]
            scene.settle()
            #expect(scene.pool.waiterCount == 0 && scene.log.count == round + 2)
        }
        #expect(scene.reactor.timeouts.count == 0)
        #expect(scene.pool.connectionCount == 1)
    }

    @Test func aConnectionMayBeReturnedInTheCallbackThatLendsIt() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        for index in 0..<1_000 {
            try scene.borrow("\(index)") { $0.giveBack() }
        }
        scene.settle()
        #expect(scene.log == (0..<1_000).map { "\($0) 0" })
        #expect(scene.counts == [1, 1, 0, 0])
    }

    @Test func aBorrowerThatReturnsAndBorrowsWithoutEndStarvesNothing() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        var count = 0
        var isOver = false
        func again() {
            guard !isOver else { return }
            _ = try? scene.pool.borrow { result in
                count += 1
                try? result.get().giveBack()
                again()
            }
        }
        again()
        scene.reactor.callLater(.seconds(1)) { isOver = true }
        scene.reactor.turnTime = .milliseconds(1)
        scene.reactor.advance(by: .seconds(2))
        #expect(isOver && count > 100)
        #expect(scene.counts == [1, 1, 0, 0])
    }

    @Test func aLeaseThatIsReleasedDiscardsItsConnection() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        try scene.lend("a")
        try scene.borrow("b")
        scene.leases["a"] = nil
        scene.settle()
        #expect(scene.log == ["a 0", "b 1"])
        #expect(scene.counts == [1, 0, 1, 0])
    }

    @Test func aDiscardedConnectionFreesItsPlace() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        let lease = try scene.lend("a")
        try scene.borrow("b")
        lease.discard()
        #expect(!lease.isActive && scene.log.count == 1)
        scene.settle()
        #expect(scene.log == ["a 0", "b 1"])
        if case .aborted = scene.sessions[0].reason {} else { Issue.record("\(scene.sessions[0].reason as Any)") }
    }

    @Test func aLeaseEndsOnce() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        let lease = try scene.lend("a")
        lease.giveBack()
        try scene.lend("b")
        // The connection is another borrower's by now.
        lease.giveBack()
        lease.discard()
        scene.settle()
        #expect(scene.counts == [1, 0, 1, 0] && scene.leases["b"]?.isActive == true)
        #expect(scene.sessions[0].reason == nil)
    }

    @Test func aConnectionThatIsLostWhileBorrowedFreesItsPlace() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        let lease = try scene.lend("a")
        try scene.borrow("b")
        scene.served[0].transport.abortConnection()
        scene.settle()
        #expect(!lease.isActive && scene.log == ["a 0", "b 1"])
        lease.giveBack()
        lease.discard()
        scene.settle()
        #expect(scene.counts == [1, 0, 1, 0])
    }

    @Test func aConnectionThatIsLostWhileIdleIsRemoved() throws {
        let scene = try PoolScene()
        for name in ["a", "b"] { try scene.lend(name) }
        for name in ["a", "b"] { scene.giveBack(name) }
        scene.served[1].transport.loseConnection()
        scene.settle()
        #expect(scene.counts == [1, 1, 0, 0])
        try scene.lend("c")
        #expect(scene.log.last == "c 0")
    }

    @Test func aConnectionThatIsLostInTheTurnOfTheBorrowIsNotLent() throws {
        let scene = try PoolScene()
        try scene.lend("a")
        scene.giveBack("a")
        scene.sessions[0].transport.abortConnection()
        try scene.borrow("b")
        scene.settle()
        #expect(scene.log == ["a 0", "b 1"])
    }

    @Test func aConnectionThatIsClosingIsNotKept() throws {
        let scene = try PoolScene()
        let lease = try scene.lend("a")
        lease.session.transport.write("bye")
        lease.session.transport.loseConnection()
        lease.giveBack()
        #expect(scene.pool.idleCount == 0)
        scene.settle()
        #expect(scene.counts == [0, 0, 0, 0] && scene.served[0].text == "bye")
    }

    @Test func aFailedConnectIsTheFirstWaitersAndOthersGoOn() throws {
        let scene = try PoolScene(serves: false) { $0.maximumConnections = 1 }
        for name in ["a", "b", "c"] { try scene.borrow(name) }
        #expect(scene.reactor.run(within: .seconds(1)) { scene.log.count == 1 })
        #expect(scene.log == ["a refused"])
        try scene.serve()
        scene.settle()
        #expect(scene.log == ["a refused", "b 0"])
    }

    @Test func aRefusedSessionIsAFailedConnect() throws {
        let reactor = SimulatedReactor(seed: 1)
        try reactor.listenTCP(port: 7) { ScriptedSession() }
        let pool = try ConnectionPool<ScriptedSession>(to: .tcp(host: "localhost", port: 7), on: reactor) { nil }
        var word = ""
        try pool.borrow { if case .failure(let error) = $0 { word = PoolScene.word(for: error) } }
        reactor.advance(by: .seconds(1))
        #expect(word == "cancelled" && pool.connectionCount == 0 && reactor.connectionCount == 0)
    }

    @Test func aNewConnectionThatEndsBeforeItIsLentIsTheFirstWaitersError() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        scene.prepare = { [unowned scene] session in
            session.onMade = { session in
                switch scene.sessions.count {
                case 1: throw ScriptedError()
                case 2: session.transport.abortConnection()
                case 3: session.transport.loseConnection()
                default: break
                }
            }
        }
        for name in ["a", "b", "c", "d"] { try scene.borrow(name) }
        scene.settle()
        #expect(scene.log == ["a lost", "b lost", "c lost", "d 3"])
        #expect(scene.counts == [1, 0, 1, 0])
    }

    @Test func anImpossibleEndpointIsAnErrorOfTheInit() {
        #expect(throws: AddressError.invalidPort(0)) {
            try PoolScene(serves: false, endpoint: .tcp(host: "localhost", port: 0))
        }
    }

    @Test(arguments: [0, -1, Int.min, Int.max])
    func absurdLimitsNeitherTrapNorBlock(_ limit: Int) throws {
        let scene = try PoolScene {
            $0.maximumConnections = limit
            $0.maximumIdle = limit
            $0.maximumWaiters = limit
        }
        try scene.lend("a")
        scene.giveBack("a")
        scene.settle()
        #expect(scene.pool.idleCount == (limit > 0 ? 1 : 0))
        try scene.lend("b")
    }
}
