import EventReactor
import EventReactorCore
import Glibc
import Testing

@Suite("Pinning a group's threads")
struct GroupPinningTests {
    @Test func threadsRunAnywhereUnlessPinned() async throws {
        let group = try ReactorGroup(count: 2, configuration: .quiet) { _ in }
        try await group.start()
        let own = allowedProcessors()
        #expect(await group.collectFromEach { _ in allowedProcessors() } == [own, own])
        await group.stop()
    }

    @Test func pinnedInOrderEachHasAProcessorOfThoseAllowed() async throws {
        let own = allowedProcessors()
        var configuration = ReactorGroup.Configuration.quiet
        configuration.pinning = .inOrder
        let group = try ReactorGroup(count: own.count + 1, configuration: configuration) { _ in }
        try await group.start()
        let allowed = await group.collectFromEach { _ in allowedProcessors() }
        #expect(allowed == (own + own.prefix(1)).map { [$0] })
        #expect(allowedProcessors() == own, "the caller's thread is left alone")
        await group.stop()
    }

    @Test func pinnedToAListTheyTakeItInTurns() async throws {
        let last = try #require(allowedProcessors().last)
        var configuration = ReactorGroup.Configuration.quiet
        configuration.pinning = .processors([Int(last)])
        let group = try ReactorGroup(count: 2, configuration: configuration) { _ in }
        try await group.start()
        #expect(await group.collectFromEach { _ in allowedProcessors() } == [[last], [last]])
        await group.stop()
    }

    @Test(arguments: [-1, 900_000, Int.max]) func aProcessorThatThereIsNotFailsTheStart(_ processor: Int) async throws {
        var configuration = ReactorGroup.Configuration.quiet
        configuration.pinning = .processors([processor])
        let group = try ReactorGroup(count: 2, configuration: configuration) { _ in }
        let error = await #expect(throws: ReactorGroupError.self) { try await group.start() }
        guard case .setUpFailed(0, let cause as SystemError) = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
        #expect(cause.code == EINVAL)
    }

    @Test func thereIsNoReactorWithoutAProcessor() {
        #expect((1...allowedProcessors().count).contains(ReactorGroup.availableProcessors))
    }

    @Test func workOffTheReactorIsNotPinnedWithIt() async {
        // In a process of its own: the pool's threads are the process's.
        await #expect(processExitsWith: .success) {
            let own = allowedProcessors()
            var configuration = ReactorGroup.Configuration.quiet
            configuration.pinning = .inOrder
            let answers = Shared<[[Int32]]>([])
            let group = try ReactorGroup(count: 2, configuration: configuration) { reactor in
                reactor.deferToThread {
                    allowedProcessors()
                } then: { result in
                    answers.change { $0.append((try? result.get()) ?? []) }
                }
            }
            try await group.start()
            while answers.value.count < 2 { await Task.yield() }
            await group.stop()
            #expect(answers.value == [own, own])
        }
    }
}
