import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

@Suite("ConnectionPool: closing")
struct ConnectionPoolClosingTests {
    @Test func closeEndsEverything() throws {
        let scene = try PoolScene { $0.maximumConnections = 3 }
        for name in ["a", "b"] { try scene.lend(name) }
        scene.giveBack("b")
        let lease = try #require(scene.leases["a"])
        for name in ["c", "d", "e"] { try scene.borrow(name) }
        scene.reactor.advance(by: .zero)
        #expect(scene.counts == [3, 0, 2, 2])
        scene.pool.close()
        scene.pool.close()
        #expect(scene.log.count == 3 && !lease.isActive)
        #expect(refusal { try scene.borrow("f") } == "closed")
        scene.settle()
        #expect(scene.log.suffix(2) == ["d closed", "e closed"])
        #expect(scene.counts == [0, 0, 0, 0] && scene.reactor.connectionCount == 0)
        lease.giveBack()
        #expect(scene.reactor.timers.count == 0 && scene.reactor.timeouts.count == 0)
    }

    @Test func aDrainWaitsForTheBorrowers() throws {
        let scene = try PoolScene { $0.maximumConnections = 2 }
        for name in ["a", "b"] { try scene.lend(name) }
        try scene.borrow("c")
        var ends = 0
        scene.pool.drain { ends += 1 }
        #expect(refusal { try scene.borrow("d") } == "closed")
        scene.giveBack("a")
        scene.settle()
        // It waited already, and is served.
        #expect(scene.log.last == "c 0" && ends == 0)
        scene.giveBack("b")
        scene.settle()
        #expect(scene.counts == [1, 0, 1, 0] && ends == 0)
        scene.giveBack("c")
        scene.settle()
        #expect(scene.counts == [0, 0, 0, 0] && ends == 1)
        scene.pool.drain { ends += 1 }
        #expect(ends == 1)
        scene.settle()
        #expect(ends == 2)
    }

    @Test func aDrainClosesIdleConnectionsAtOnce() throws {
        let scene = try PoolScene()
        try scene.lend("a")
        scene.giveBack("a")
        var ends = 0
        scene.pool.drain(within: .seconds(10)) { ends += 1 }
        scene.settle()
        #expect(ends == 1 && scene.counts == [0, 0, 0, 0] && scene.reactor.timers.count == 0)
    }

    @Test func aDrainOfAnEmptyPoolEndsInTheNextTurn() throws {
        let scene = try PoolScene()
        var ends = 0
        scene.pool.drain(within: .seconds(10)) { ends += 1 }
        #expect(ends == 0)
        scene.reactor.advance(by: .zero)
        #expect(ends == 1 && scene.reactor.timers.count == 0)
    }

    @Test func aDrainHasADeadline() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        let lease = try scene.lend("a")
        try scene.borrow("b")
        var ends = 0
        scene.pool.drain(within: .seconds(10)) { ends += 1 }
        scene.reactor.advance(by: .seconds(10) - .nanoseconds(1))
        #expect(lease.isActive && ends == 0)
        scene.reactor.advance(by: .seconds(1))
        #expect(!lease.isActive && ends == 1 && scene.log.last == "b closed")
        #expect(scene.sessions[0].reason?.isClean == true)
    }

    @Test(arguments: ["make", "made", "lend", "fail", "lost"])
    func thePoolMayBeClosedInEachCallback(_ callback: String) throws {
        let scene = try PoolScene(serves: callback != "fail") { $0.maximumConnections = 2 }
        scene.prepare = { [unowned scene] session in
            if callback == "make" { scene.pool.close() }
            session.onMade = { _ in if callback == "made" { scene.pool.close() } }
            session.onLost = { _ in if callback == "lost" { scene.pool.close() } }
        }
        var errors: [String] = []
        for index in 0..<4 {
            try scene.pool.borrow { [unowned scene] result in
                switch result {
                case .success(let lease):
                    scene.leases["\(index)"] = lease
                    if callback == "lend" { scene.pool.close() }
                    if callback == "lost" { lease.session.transport.abortConnection() }
                case .failure(let error):
                    errors.append(PoolScene.word(for: error))
                    if callback == "fail" { scene.pool.close() }
                }
            }
        }
        var ends = 0
        scene.pool.drain { ends += 1 }
        scene.reactor.advance(by: .seconds(10))
        #expect(scene.counts == [0, 0, 0, 0] && ends == 1)
        #expect(scene.reactor.connectionCount == 0)
        #expect(errors.filter { $0 != "closed" } == (callback == "fail" ? ["refused"] : []))
        #expect(errors.count + scene.leases.count == 4)
        #expect(scene.leases.values.allSatisfy { !$0.isActive })
        #expect(scene.sessions.allSatisfy { $0.calls == ["made", "lost"] || $0.calls.isEmpty })
        #expect(scene.reactor.timers.count == 0 && scene.reactor.timeouts.count == 0)
    }

    @Test func completionsAreCalledOnceInTheirTurnWhateverEndsThem() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        try scene.lend("a")
        var calls = 0
        for _ in 0..<10 {
            try scene.pool.borrow { _ in
                calls += 1
                scene.pool.close()
            }
        }
        scene.pool.close()
        #expect(calls == 0)
        scene.settle()
        #expect(calls == 10)
    }

    // MARK: The reactor's end

    @Test func aStopOfTheReactorFailsTheWaiters() throws {
        let scene = try PoolScene { $0.maximumConnections = 2 }
        try scene.lend("a")
        for name in ["b", "c", "d"] { try scene.borrow(name) }
        var refused: String?
        scene.sessions[0].onLost = { [unowned scene] _ in
            scene.leases["a"]?.giveBack()
            refused = refusal { try scene.borrow("late") }
        }
        try scene.reactor.stop()
        scene.reactor.advance(by: .zero)
        #expect(!scene.reactor.isRunning)
        #expect(scene.log == ["a 0", "b stopped", "c stopped", "d stopped"])
        #expect(refused == "stopped" && scene.counts == [0, 0, 0, 0])
        #expect(scene.reactor.timers.count == 0 && scene.reactor.timeouts.count == 0)
        // It works in the next run.
        try scene.serve()
        try scene.borrow("e") { [unowned scene] _ in try? scene.reactor.stop() }
        try scene.reactor.run()
        #expect(scene.log.last == "e 1" && scene.counts == [0, 0, 0, 0])
    }

    @Test func aStopInTheTurnOfTheBorrowFailsTheWaiter() throws {
        let scene = try PoolScene()
        try scene.lend("a")
        scene.giveBack("a")
        scene.reactor.callSoon { [unowned scene] in
            _ = try? scene.borrow("b")
            try? scene.reactor.stop()
        }
        scene.settle()
        #expect(scene.log == ["a 0", "b stopped"])
        #expect(scene.counts == [0, 0, 0, 0] && scene.reactor.timeouts.count == 0)
    }

    @Test func aShutdownHookMayBorrow() throws {
        let scene = try PoolScene()
        scene.reactor.onShutdown { [unowned scene] completion in
            _ = try? scene.borrow("hook") { lease in
                lease.session.transport.write("last")
                lease.session.onData = { _, _ in
                    lease.giveBack()
                    completion.finish()
                }
            }
        }
        scene.settle()
        try scene.reactor.stop()
        scene.settle()
        #expect(!scene.reactor.isRunning && scene.log == ["hook 0"] && scene.served[0].text == "last")
    }

    @Test func aCloseOfTheReactorFailsTheWaiters() throws {
        let scene = try PoolScene { $0.maximumConnections = 1 }
        try scene.lend("a")
        try scene.borrow("b")
        scene.reactor.close()
        #expect(scene.log == ["a 0", "b stopped"])
        #expect(refusal { try scene.borrow("c") } == "closed")
        scene.leases["a"]?.giveBack()
        scene.pool.drain()
        scene.pool.close()
    }

    @Test func aReactorThatGoesLeavesAHarmlessPool() throws {
        weak var released: ReactorBase?
        weak var session: ScriptedSession?
        var pool: ConnectionPool<ScriptedSession>?
        var waiter: PoolWaiter<ScriptedSession>?
        var leases: [ConnectionLease<ScriptedSession>] = []
        do {
            let reactor = SimulatedReactor(seed: 1)
            released = reactor
            var settings = ConnectionPoolSettings()
            settings.maximumConnections = 3
            try reactor.listenTCP(port: 7) { ScriptedSession() }
            pool = try ConnectionPool(to: .tcp(host: "localhost", port: 7), on: reactor, settings: settings) {
                let made = ScriptedSession()
                session = made
                // A session may retain its pool.
                made.onLost = { [pool] _ in _ = pool }
                return made
            }
            for _ in 0..<2 { try pool?.borrow { leases.append(try! $0.get()) } }
            reactor.run(within: .seconds(1)) { leases.count == 2 }
            leases.removeLast().giveBack()
            try pool?.borrow { leases.append(try! $0.get()) }
            reactor.run(within: .seconds(1)) { leases.count == 2 }
            leases.removeLast().giveBack()
            // One is idle and one is borrowed; the idle one is taken, one is being made, and another waiter waits.
            for _ in 0..<3 { waiter = try pool?.borrow { _ in Issue.record("called") } }
        }
        #expect(released == nil)
        #expect(waiter?.isWaiting == false && waiter?.cancel() == false)
        #expect(pool?.connectionCount == 0 && refusal { try pool?.borrow { _ in } } == "closed")
        for lease in leases {
            #expect(!lease.isActive)
            lease.giveBack()
        }
        leases = []
        #expect(session == nil)
        pool?.close()
        weak let last = pool
        pool = nil
        waiter = nil
        #expect(last == nil)
    }

    @Test func aWaiterOutlivesAPoolThatWasClosedInTheLastTurn() throws {
        var waiter: PoolWaiter<ScriptedSession>?
        do {
            let reactor = SimulatedReactor(seed: 1)
            let pool = try ConnectionPool(to: .tcp(host: "localhost", port: 7), on: reactor) { ScriptedSession() }
            waiter = try pool.borrow { _ in Issue.record("called") }
            pool.close()
        }
        #expect(waiter?.isWaiting == false && waiter?.cancel() == false)
    }

    @Test func aPoolWithoutConnectionsIsReleased() throws {
        let reactor = SimulatedReactor(seed: 1)
        try reactor.listenTCP(port: 7) { ScriptedSession() }
        weak var released: ConnectionPool<ScriptedSession>?
        do {
            let pool = try ConnectionPool(to: .tcp(host: "localhost", port: 7), on: reactor) { ScriptedSession() }
            released = pool
            try pool.borrow { try? $0.get().giveBack() }
            reactor.run(within: .seconds(1)) { pool.idleCount == 1 }
        }
        // Its idle connection retains it until it is closed.
        #expect(released != nil)
        reactor.advance(by: .seconds(100))
        #expect(released == nil && reactor.timers.count == 0)
    }

    @Test(arguments: PolicyEngine.allCases)
    func aPoolServesManyBorrowersOnEveryEngine(_ engine: PolicyEngine) throws {
        let reactor = try engine.makeReactor()
        var accepted = 0
        let endpoint = try reactor.listenLocally {
            accepted += 1
            return ScriptedSession.echo()
        }
        var settings = ConnectionPoolSettings()
        settings.maximumConnections = 3
        let pool = try ConnectionPool(to: endpoint, on: reactor, settings: settings) { ScriptedSession() }
        pool.healthCheck = { session, check in
            session.onData = { _, _ in check.pass() }
            session.transport.write("?")
        }
        var answers = 0
        for index in 0..<50 {
            try pool.borrow { result in
                guard let lease = try? result.get() else {
                    Issue.record("\(result)")
                    return
                }
                lease.session.onData = { session, _ in
                    answers += 1
                    // Some are dropped by the peer's end, some here, and most returned.
                    switch index % 10 {
                    case 3: lease.discard()
                    case 6: session.transport.loseConnection()
                    default: break
                    }
                    lease.giveBack()
                    session.onData = { _, _ in }
                    if answers == 50 { pool.drain { try? reactor.stop() } }
                }
                lease.session.transport.write("!")
            }
        }
        try reactor.run()
        #expect(answers == 50 && pool.connectionCount == 0 && accepted >= 10)
        reactor.close()
    }
}
