import EventReactor
import Glibc
import Testing

@Suite("A group stops")
struct GroupStopTests {
    @Test func stopsFromAnyThreadAnyNumberOfTimesCountAsOne() async throws {
        let stops = Shared(0)
        let group = try ReactorGroup(count: 3, configuration: .quiet) { reactor in
            reactor.onShutdown { stops.change { $0 += 1 } }
        }
        group.requestStop()
        await group.stop()
        try await group.wait()
        #expect(stops.value == 0, "a group that does not run is left alone")
        try await group.start()
        group.callOnEach { _ in group.requestStop() }
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<8 { tasks.addTask { await group.stop() } }
        }
        await group.stop()
        try await group.wait()
        #expect(stops.value == 3)
    }

    @Test func everyConnectionIsToldOfTheStop() async throws {
        let reasons = Shared<[String]>([])
        let group = try ReactorGroup(count: 2, configuration: .quiet) { reactor in
            try reactor.listenTCP(port: 0, host: "127.0.0.1") { [unowned reactor] in
                IndexAnswerer(reactor) { reason in reasons.change { $0.append("\(reason)") } }
            }
        }
        try await group.start()
        let address = try #require(group.localAddresses.first)
        let callers = (0..<16).compactMap { _ in Caller(address) }
        #expect(callers.allSatisfy { $0.ask() != nil })
        await group.stop()
        #expect(reasons.value == Array(repeating: "\(ConnectionLostReason.reactorStopped)", count: 16))
        #expect(callers.allSatisfy { $0.seesEnd() })
        #expect(Caller(address) == nil, "nothing listens any more")
    }

    @Test func aDrainLetsLiveConnectionsFinish() async throws {
        let group = try ReactorGroup.answeringWithIndex(3)
        try await group.start()
        let address = try #require(group.localAddresses.first)
        var callers: [Caller] = (0..<32).compactMap { _ in Caller(address) }
        #expect(callers.allSatisfy { $0.ask() != nil })
        group.requestStop(drainingFor: .seconds(3600))
        // Soon no connection is accepted any more.
        while Caller(address) != nil { await Task.yield() }
        #expect(callers.allSatisfy { $0.ask() != nil })
        callers = []
        try await group.wait()
    }

    @Test func whatIsLeftAtTheDeadlineIsClosed() async throws {
        let group = try ReactorGroup.answeringWithIndex(2)
        try await group.start()
        let address = try #require(group.localAddresses.first)
        let callers = (0..<8).compactMap { _ in Caller(address) }
        #expect(callers.allSatisfy { $0.ask() != nil })
        await group.stop(drainingFor: .milliseconds(50))
        #expect(callers.allSatisfy { $0.seesEnd() })
    }

    @Test(arguments: [Duration.zero, .milliseconds(20)])
    func ofSeveralStopsTheEarliestEndCounts(_ time: Duration) async throws {
        let group = try ReactorGroup.answeringWithIndex(2)
        try await group.start()
        let callers = (0..<8).compactMap { [address = group.localAddresses[0]] _ in Caller(address) }
        #expect(callers.allSatisfy { $0.ask() != nil })
        group.requestStop(drainingFor: .seconds(3600))
        group.requestStop(drainingFor: time)
        await group.stop(drainingFor: .seconds(3600))
        #expect(callers.allSatisfy { $0.seesEnd() })
    }

    @Test func theGroupsEndCountsForAReactorThatDrainsAlready() async throws {
        let group = try ReactorGroup.answeringWithIndex(2)
        try await group.start()
        let callers = (0..<8).compactMap { [address = group.localAddresses[0]] _ in Caller(address) }
        #expect(callers.allSatisfy { $0.ask() != nil })
        _ = await group.collectFromEach { reactor in try? reactor.stop(drainingFor: .seconds(1_000_000)) }
        await group.stop(drainingFor: .milliseconds(50))
        #expect(callers.allSatisfy { $0.seesEnd() })
    }

    @Test func aReactorsOwnEarlierEndCounts() async throws {
        let group = try ReactorGroup.answeringWithIndex(1)
        try await group.start()
        let caller = try #require(Caller(group.localAddresses[0]))
        #expect(caller.ask() == 0)
        _ = await group.collectFromEach { reactor in try? reactor.stop(drainingFor: .milliseconds(50)) }
        await group.stop(drainingFor: .seconds(1_000_000))
        #expect(caller.seesEnd())
    }

    @Test func aReactorThatStopsByItselfEndsTheGroup() async throws {
        let group = try ReactorGroup(count: 3, configuration: .quiet) { reactor in
            if reactor.placeInGroup == 1 { reactor.callSoon { [unowned reactor] in try? reactor.stop() } }
        }
        try await group.run()
        try await group.start()
        try await group.wait()
    }

    @Test func aReactorThatFailsEndsTheGroupWithItsError() async throws {
        let stops = Shared(0)
        let group = try ReactorGroup(count: 3, configuration: .quiet) { reactor in
            reactor.onShutdown { stops.change { $0 += 1 } }
            // No program can handle this one, so its run fails.
            if reactor.placeInGroup == 2 { reactor.onSignal(SIGKILL) {} }
        }
        let error = await #expect(throws: ReactorGroupError.self) { try await group.run() }
        guard case .reactorFailed(2, .system(let cause)) = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
        #expect(cause.code == EINVAL)
        #expect(stops.value == 2, "the others shut down in order")
        await #expect(throws: ReactorGroupError.self) { try await group.wait() }
    }

    @Test func aStopDuringTheSetUpStopsTheGroupAsItStarts() async throws {
        let box = Shared<ReactorGroup?>(nil)
        let group = try ReactorGroup(count: 2, configuration: .quiet) { _ in box.value?.requestStop() }
        box.change { $0 = group }
        try await group.run()
        box.change { $0 = nil }
    }

    @Test func aCancelledTaskStopsTheGroup() async throws {
        let group = try ReactorGroup.answeringWithIndex(2)
        let task = Task { try await group.run() }
        task.cancel()
        try await task.value
        let begun = Shared(false)
        let second = try ReactorGroup(count: 2, configuration: .quiet) { _ in begun.change { $0 = true } }
        let running = Task { try await second.run() }
        while !begun.value { await Task.yield() }
        running.cancel()
        try await running.value
    }

    @Test func theFormsThatBlockDoTheSame() throws {
        let group = try ReactorGroup.answeringWithIndex(2)
        try group.wait()
        try group.start()
        #expect(throws: ReactorGroupError.self) { try group.start() }
        #expect(throws: ReactorGroupError.self) { try group.run() }
        group.requestStop()
        try group.wait()
        var addresses: [SocketAddress] = []
        try group.run {
            addresses = group.localAddresses
            #expect(addresses.first.flatMap { Caller($0)?.ask() } != nil)
            group.requestStop()
        }
        #expect(addresses.count == 1)
    }

    @Test func aThreadOfTheGroupCannotWaitForIt() throws {
        let box = Shared<ReactorGroup?>(nil)
        let refused = Shared(0)
        let tryToWait: @Sendable () -> Void = {
            do { try box.value?.wait() } catch { refused.change { $0 += 1 } }
        }
        let group = try ReactorGroup(count: 2, configuration: .quiet) { reactor in
            tryToWait()
            reactor.callSoon(tryToWait)
        }
        box.change { $0 = group }
        try group.run {
            tryToWait()
            group.callOnEach { _ in group.requestStop() }
        }
        #expect(refused.value == 5)
        box.change { $0 = nil }
    }

    @Test func aStartedGroupLivesUntilItHasStopped() async throws {
        let handles = Shared<[ReactorRemote]>([])
        let stops = Shared(0)
        do {
            let group = try ReactorGroup(count: 2, configuration: .quiet) { reactor in
                reactor.onShutdown { stops.change { $0 += 1 } }
            }
            try await group.start()
            handles.change { $0 = group.remotes }
        }
        handles.value.first?.stop()
        while stops.value < 2 { await Task.yield() }
    }

    @Test func aQuestionThatNobodyAnswersIsLeftOut() async throws {
        let group = try ReactorGroup(count: 2, configuration: .quiet) { _ in }
        try await group.start()
        let remotes = group.remotes
        await group.stop()
        #expect(await group.collectFromEach { _ in 1 }.isEmpty)
        // A call that is posted to a reactor that has gone is dropped, and its captured objects with it.
        for remote in remotes { remote.callFromThread { _ in Issue.record("this reactor has gone") } }
    }
}
