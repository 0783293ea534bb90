import EventReactor
import Glibc
import TestSupport
import Testing

@Suite("Contract 13, 14: calls from other threads and callbacks")
struct ThreadTests {
    // MARK: 13

    @Test(arguments: Setting.kernelReactors)
    func line13CallsRunOnTheReactorsThread(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        let own = pthread_self()
        var thread: WorkerThread?
        world.reactor.onStartup {
            thread = WorkerThread {
                #expect(pthread_self() != own)
                remote.callFromThread { reactor in
                    #expect(pthread_self() == own)
                    #expect(reactor.isRunning)
                    remote.stop()
                }
            }
        }
        try world.run()
        thread?.join()
    }

    @Test(arguments: Setting.kernelReactors)
    func line13TheCallsOfEachThreadRunInTheirOrder(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        let calls = 10_000
        let next = Locked([Int](repeating: 0, count: 8))
        let finished = Counter()
        var threads: [WorkerThread] = []
        world.reactor.onStartup {
            threads = (0..<8).map { caller in
                WorkerThread {
                    for number in 0..<calls {
                        remote.callFromThread { _ in
                            next.withLock { next in
                                if next[caller] != number { Issue.record("\(number) of \(caller) out of order") }
                                next[caller] = number + 1
                            }
                            if number == calls - 1 && finished.increment() == 8 { remote.stop() }
                        }
                    }
                }
            }
        }
        try world.run()
        for thread in threads { thread.join() }
        #expect(next.withLock { $0 } == [Int](repeating: calls, count: 8))
    }

    @Test(arguments: Setting.kernelReactors)
    func line13ACallWakesASleepingLoop(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        // Each call is made only when the one before it has run: a wake-up that is lost would stop the game.
        let turn = Counter()
        var thread: WorkerThread?
        world.reactor.onStartup {
            thread = WorkerThread {
                for round in 1...1000 {
                    remote.callFromThread { _ in turn.increment() }
                    while turn.value < round { sched_yield() }
                }
                remote.stop()
            }
        }
        try world.run()
        thread?.join()
        #expect(turn.value == 1000)
    }

    @Test(arguments: Setting.kernelReactors)
    func line13BytesArriveWhileThreadsCallWithoutPause(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        let isOver = Counter()
        let threads = (0..<2).map { _ in
            WorkerThread {
                while isOver.value == 0 {
                    remote.callFromThread { _ in }
                    sched_yield()
                }
            }
        }
        let (server, client) = try world.pair()
        client.onMade = { $0.transport.write("ping") }
        server.onData = { server, data in server.transport.write(data) }
        client.onData = { client, data in
            if client.received.count >= 400 { world.finish() } else { client.transport.write(data) }
        }
        try world.run()
        isOver.increment()
        for thread in threads { thread.join() }
        #expect(client.received.count >= 400)
    }

    @Test(arguments: Setting.reactors)
    func line13CallsBeforeTheRunRunAfterItHasStarted(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        let calls = Locked<[String]>([])
        for number in 0..<3 { remote.callFromThread { _ in calls.withLock { $0.append("call \(number)") } } }
        remote.callFromThread { _ in remote.stop() }
        #expect(calls.withLock { $0 } == [], "nothing runs before the run")
        world.reactor.onStartup { calls.withLock { $0.append("startup") } }
        try world.run()
        #expect(calls.withLock { $0 } == ["startup", "call 0", "call 1", "call 2"])
    }

    @Test(arguments: Setting.reactors)
    func line13CallsBetweenRunsWaitForTheNext(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        let calls = Counter()
        world.reactor.callSoon { world.finish() }
        try world.run()
        remote.callFromThread { _ in
            calls.increment()
            remote.stop()
        }
        #expect(calls.value == 0)
        try world.run()
        #expect(calls.value == 1)
    }

    @Test(arguments: Setting.reactors)
    func line13ACallFromTheReactorsOwnThreadComesAfterTheCallback(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        let calls = Locked<[String]>([])
        world.reactor.callSoon {
            remote.callFromThread { _ in
                calls.withLock { $0.append("first") }
                remote.callFromThread { _ in
                    calls.withLock { $0.append("second") }
                    remote.stop()
                }
                calls.withLock { $0.append("first has returned") }
            }
            calls.withLock { $0.append("callback has returned") }
        }
        try world.run()
        #expect(calls.withLock { $0 } == ["callback has returned", "first", "first has returned", "second"])
    }

    // MARK: 14

    @Test(arguments: Setting.all)
    func line14ACallThatQueuesItselfLetsBytesThroughAndTimers(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let remote = world.remote
        var spins = 0
        func spin() {
            spins += 1
            world.reactor.callSoon(spin)
        }
        spin()
        // The same from the queue of other threads.
        @Sendable func post() { remote.callFromThread { _ in post() } }
        post()
        try world.runPingPong(100)
        #expect(spins >= 100)
    }

    @Test(arguments: Setting.reactors)
    func line14WhatACallQueuesRunsInTheTurnAfterInOrder(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var calls: [(name: String, turn: UInt64)] = []
        func note(_ name: String) { calls.append((name, world.reactor.turnNumber)) }
        world.reactor.callSoon {
            note("a")
            world.reactor.callSoon {
                note("c")
                world.finish()
            }
        }
        world.reactor.callSoon { note("b") }
        try world.run()
        #expect(calls.map(\.name) == ["a", "b", "c"])
        #expect(calls[0].turn == calls[1].turn)
        #expect(calls[2].turn == calls[1].turn + 1)
    }
}
