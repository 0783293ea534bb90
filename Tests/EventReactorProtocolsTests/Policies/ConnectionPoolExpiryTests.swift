import EventReactorProtocols
import EventReactorTesting
import Testing

@testable import EventReactorCore

@Suite("ConnectionPool: expiry and health checks")
struct ConnectionPoolExpiryTests {
    @Test func anIdleConnectionIsClosedWhenItsTimeIsOver() throws {
        let scene = try PoolScene { $0.idleTime = .seconds(10) }
        for name in ["a", "b"] { try scene.lend(name) }
        scene.giveBack("a")
        scene.reactor.advance(by: .seconds(4))
        scene.giveBack("b")
        scene.reactor.advance(by: .seconds(6) - .nanoseconds(1))
        #expect(scene.pool.idleCount == 2)
        scene.reactor.advance(by: .nanoseconds(1))
        #expect(scene.pool.idleCount == 1)
        scene.reactor.advance(by: .seconds(1))
        #expect(scene.sessions[0].reason?.isClean == true && scene.sessions[1].reason == nil)
        scene.reactor.advance(by: .seconds(3))
        #expect(scene.counts == [0, 0, 0, 0])
        scene.reactor.advance(by: .seconds(100))
        #expect(scene.reactor.timers.count == 0)
    }

    @Test func theIdleTimeBeginsWithEachReturn() throws {
        let scene = try PoolScene { $0.idleTime = .seconds(10) }
        for index in 0..<5 {
            try scene.lend("\(index)")
            scene.giveBack("\(index)")
            scene.reactor.advance(by: .seconds(9))
        }
        #expect(scene.sessions.count == 1 && scene.pool.idleCount == 1)
        scene.reactor.advance(by: .seconds(2))
        #expect(scene.pool.idleCount == 0)
    }

    @Test func withoutAnIdleTimeConnectionsStay() throws {
        let scene = try PoolScene { $0.idleTime = nil }
        try scene.lend("a")
        scene.giveBack("a")
        scene.reactor.advance(by: .seconds(1_000_000))
        #expect(scene.pool.idleCount == 1 && scene.reactor.timers.count == 0)
    }

    @Test func noMoreConnectionsAreIdleThanMayBe() throws {
        let scene = try PoolScene { $0.maximumIdle = 1 }
        for name in ["a", "b", "c"] { try scene.lend(name) }
        for name in ["a", "b", "c"] { scene.giveBack(name) }
        scene.settle()
        #expect(scene.counts == [1, 1, 0, 0])
        #expect(scene.sessions[2].reason == nil)
    }

    @Test func anOldConnectionIsClosedWhenItIsIdle() throws {
        let scene = try PoolScene { $0.maximumLifetime = .seconds(30) }
        for name in ["a", "b"] { try scene.lend(name) }
        scene.reactor.advance(by: .seconds(20))
        scene.giveBack("a")
        scene.reactor.advance(by: .seconds(9))
        #expect(scene.counts == [2, 1, 1, 0])
        scene.reactor.advance(by: .seconds(2))
        #expect(scene.counts == [1, 0, 1, 0])
        // The borrower is not interrupted.
        #expect(scene.sessions[1].reason == nil)
        scene.giveBack("b")
        scene.settle()
        #expect(scene.counts == [0, 0, 0, 0])
    }

    // MARK: Health checks

    /// A scene with an idle connection, whose checks are noted.
    private func checked(
        count: Int = 1, _ change: (inout ConnectionPoolSettings) -> Void = { _ in }
    ) throws -> (PoolScene, Checks) {
        let scene = try PoolScene(change)
        for index in 0..<count { try scene.lend("\(index)") }
        for index in 0..<count { scene.giveBack("\(index)") }
        let checks = Checks()
        scene.pool.healthCheck = { session, check in
            checks.sessions.append(session)
            checks.pending.append(check)
            checks.onCheck(session, check)
        }
        return (scene, checks)
    }

    private final class Checks {
        var sessions: [ScriptedSession] = []
        var pending: [HealthCheck] = []
        var onCheck: (ScriptedSession, HealthCheck) -> Void = { _, _ in }
    }

    @Test func aBorrowerWaitsForTheCheck() throws {
        let (scene, checks) = try checked()
        try scene.borrow("a")
        scene.settle()
        #expect(scene.log.count == 1 && checks.pending.count == 1 && checks.pending[0].isPending)
        checks.pending[0].pass()
        #expect(scene.log.count == 1)
        scene.settle()
        #expect(scene.log.last == "a 0")
        checks.pending[0].fail()
        checks.pending[0].pass()
        scene.settle()
        #expect(scene.counts == [1, 0, 1, 0] && scene.sessions[0].reason == nil)
    }

    @Test func aCheckMayEndInItsCall() throws {
        let (scene, checks) = try checked()
        checks.onCheck = { $1.pass() }
        for name in ["a", "b", "c"] {
            try scene.lend(name)
            scene.giveBack(name)
        }
        #expect(scene.sessions.count == 1 && checks.sessions.count == 3)
        checks.onCheck = { $1.fail() }
        try scene.lend("d")
        #expect(scene.log.last == "d 1" && scene.pool.connectionCount == 1)
    }

    @Test func aConnectionThatFailsIsDroppedAndTheNextIsTried() throws {
        let (scene, checks) = try checked(count: 3)
        checks.onCheck = { [unowned scene] session, check in
            if session === scene.sessions[0] { check.pass() } else { check.fail() }
        }
        try scene.lend("a")
        #expect(scene.log.last == "a 0" && checks.sessions.count == 3)
        #expect(scene.counts == [1, 0, 1, 0])
    }

    @Test func aCheckHasADeadline() throws {
        let (scene, checks) = try checked { $0.healthCheckTimeout = .seconds(2) }
        try scene.borrow("a")
        scene.reactor.advance(by: .seconds(2) - .nanoseconds(1))
        #expect(checks.pending[0].isPending)
        scene.reactor.advance(by: .seconds(1))
        #expect(!checks.pending[0].isPending)
        #expect(scene.log.last == "a 1")
        #expect(scene.reactor.timeouts.count == 0)
    }

    @Test func aLossDuringTheCheckIsNotTheBorrowersProblem() throws {
        let (scene, checks) = try checked()
        try scene.borrow("a")
        scene.reactor.advance(by: .zero)
        #expect(checks.pending.count == 1)
        scene.served[0].transport.abortConnection()
        scene.settle()
        #expect(scene.log.last == "a 1" && !checks.pending[0].isPending)
        checks.pending[0].pass()
        scene.settle()
        #expect(scene.counts == [1, 0, 1, 0] && scene.reactor.timeouts.count == 0)
    }

    @Test func aConnectionThatIsLostAfterItsCheckIsNotLent() throws {
        let (scene, checks) = try checked()
        try scene.borrow("a")
        scene.reactor.advance(by: .zero)
        checks.pending[0].pass()
        scene.sessions[0].transport.abortConnection()
        scene.settle()
        #expect(scene.log.last == "a 1" && scene.counts == [1, 0, 1, 0])
    }

    @Test func aConnectionWhoseBorrowerGaveUpDuringTheCheckIsIdleAgain() throws {
        let (scene, checks) = try checked()
        let waiter = try scene.borrow("a")
        scene.reactor.advance(by: .zero)
        waiter.cancel()
        checks.pending[0].pass()
        scene.settle()
        #expect(scene.counts == [1, 1, 0, 0])
    }

    @Test func connectionsThatWereUsedLatelyNeedNoCheck() throws {
        let (scene, checks) = try checked { $0.checksAfterIdle = .seconds(5) }
        try scene.lend("a")
        scene.giveBack("a")
        #expect(checks.sessions.isEmpty)
        scene.reactor.advance(by: .seconds(5))
        checks.onCheck = { $1.pass() }
        try scene.lend("b")
        #expect(checks.sessions.count == 1)
    }

    @Test func newConnectionsAreCheckedIfAsked() throws {
        let scene = try PoolScene { $0.checksNewConnections = true }
        var checks: [HealthCheck] = []
        scene.pool.healthCheck = { session, check in
            session.transport.write("login")
            session.onData = { session, _ in if session.text == "login" { check.pass() } }
            checks.append(check)
        }
        try scene.lend("a")
        #expect(scene.served[0].text == "login" && checks.count == 1)
    }

    @Test func aNewConnectionThatFailsIsTheFirstWaitersError() throws {
        let scene = try PoolScene {
            $0.checksNewConnections = true
            $0.maximumConnections = 1
        }
        var count = 0
        scene.pool.healthCheck = { _, check in
            count += 1
            if count < 3 { check.fail() } else { check.pass() }
        }
        for name in ["a", "b", "c"] { try scene.borrow(name) }
        scene.settle()
        #expect(scene.log == ["a unhealthy", "b unhealthy", "c 2"])
        #expect(scene.counts == [1, 0, 1, 0])
    }

    @Test func thePoolMayBeClosedInACheck() throws {
        let (scene, checks) = try checked(count: 3)
        checks.onCheck = { [unowned scene] _, check in
            scene.pool.close()
            check.pass()
        }
        try scene.borrow("a")
        try scene.borrow("b")
        scene.settle()
        #expect(scene.log.suffix(2) == ["a closed", "b closed"])
        #expect(scene.counts == [0, 0, 0, 0] && checks.sessions.count == 1)
    }
}
