import EventReactor
import EventReactorCore
import Glibc
import TestSupport
import Testing

/// Each runs in a process of its own, which forks.
@Suite(
    "Contract 57: after a fork",
    .disabled(if: Sanitizer.isThread, "ThreadSanitizer lets no child of a fork start threads"))
struct ForkTests {
    /// Uses the features that a child's reactor may need: a timer, a thread, a name, a call from another thread.
    private static func useEverything(_ setting: Setting) -> Int32 {
        do {
            var left: Set = ["timer", "work", "name", "call"]
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            defer { world.end() }
            func came(_ what: String) {
                left.remove(what)
                if left.isEmpty { world.finish() }
            }
            let reactor = world.reactor
            let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { Protocol() }
            reactor.callLater(.milliseconds(1)) { came("timer") }
            reactor.deferToThread {
                42
            } then: { result in
                if (try? result.get()) == 42 { came("work") }
            }
            let client = Recorder("client")
            client.onMade = { _ in came("name") }
            try reactor.connectTCP(host: "localhost", port: try #require(port.localAddress.port)) { client }
            let remote = world.remote
            let called = Counter()
            let thread = WorkerThread { remote.callFromThread { _ in called.increment() } }
            func look() {
                if called.value > 0 { came("call") } else { reactor.callLater(.milliseconds(1), look) }
            }
            look()
            try world.run()
            thread.join()
            return left.isEmpty ? 0 : 1
        } catch {
            return 2
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line57AReactorOfTheChildWorks(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            // The pools have threads, of which the child has none.
            #expect(ForkTests.useEverything(setting) == 0)
            #expect(ChildOfFork { ForkTests.useEverything(setting) }.wait() == 0)
            #expect(ForkTests.useEverything(setting) == 0, "the parent goes on")
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line57AChildThatIsForkedInACallbackWorks(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            var status: Int32 = -1
            // Both pools are in use as it forks, and their locks with them. The work takes time: without, it would hold a
            // lock nearly always, and the fork would wait for its turn for minutes.
            for pool in [ThreadPool.work, .resolving] {
                for _ in 0..<100 { pool.submit { usleep(100) } }
            }
            for _ in 0..<100 { world.reactor.deferToThread({ usleep(100) }, then: { _ in }) }
            world.reactor.callSoon {
                status = ChildOfFork { ForkTests.useEverything(setting) }.wait()
                world.finish()
            }
            try world.run()
            #expect(status == 0)
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line57SignalsOfTheChildAreItsOwn(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting] in
            signal(SIGTERM, SIG_DFL)
            let world = try setting.makeWorld(configuration: ReactorConfiguration())
            var statuses: [Int32] = []
            world.reactor.onSignal(SIGUSR1) { Issue.record("a signal of the child came to the parent") }
            world.reactor.callSoon {
                statuses.append(
                    ChildOfFork {
                        sendSignal(SIGTERM)
                        return 3
                    }.wait())
                statuses.append(
                    ChildOfFork {
                        // A reactor of its own is stopped by its own signal.
                        do {
                            let own = try setting.makeWorld(configuration: ReactorConfiguration())
                            own.reactor.callSoon { sendSignal(SIGTERM) }
                            try own.run()
                            return 0
                        } catch { return 4 }
                    }.wait())
                world.finish()
            }
            try world.run()
            #expect(statuses == [SIGTERM, 0])
        }
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers), [false, true])
    func line57TheEndReachesThePeerThoughAChildHoldsTheConnection(_ setting: Setting, isAborted: Bool) async {
        await #expect(processExitsWith: .success) { [setting, isAborted] in
            var child: ChildOfFork?
            var held: [Int32] = [-1, -1]
            _ = unsafe pipe(&held)
            try setting.run { world in
                let server = Recorder("server")
                let port = try world.listen { server }
                let peer = try RawPeer(to: port.localAddress)
                server.onMade = { server in
                    child = ChildOfFork {
                        // Until the parent has seen the end of the connection.
                        var byte: UInt8 = 0
                        close(held[1])
                        _ = unsafe read(held[0], &byte, 1)
                        return 0
                    }
                    if isAborted { server.transport.abortConnection() } else { server.transport.loseConnection() }
                }
                func look() {
                    switch peer.receive() {
                    case .nothing: world.reactor.callLater(.milliseconds(1), look)
                    case .end:
                        #expect(!isAborted || setting.transport == .unix)
                        world.finish()
                    case .failure(let code):
                        #expect(isAborted && code == ECONNRESET)
                        world.finish()
                    case .bytes: Issue.record("nothing was sent")
                    }
                }
                look()
            }
            close(held[1])
            #expect(child?.wait() == 0)
        }
    }
}
