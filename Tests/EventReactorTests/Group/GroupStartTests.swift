import EventReactor
import Glibc
import TestSupport
import Testing

@Suite("A group starts")
struct GroupStartTests {
    @Test func eachReactorIsSetUpOnceOnAThreadOfItsOwnInOrder() async throws {
        let calls = Shared<[(Int?, pthread_t)]>([])
        let group = try ReactorGroup(count: 4, configuration: .quiet) { reactor in
            calls.change { $0.append((reactor.placeInGroup, pthread_self())) }
        }
        #expect(group.remotes.isEmpty)
        try await group.start()
        #expect(calls.value.map(\.0) == [0, 1, 2, 3])
        #expect(Set(calls.value.map(\.1)).count == 4)
        #expect(group.remotes.count == 4)
        let threads = await group.collectFromEach { _ in pthread_self() }
        #expect(threads == calls.value.map(\.1))
        await group.stop()
        #expect(group.remotes.isEmpty)
    }

    @Test func aReactorOutsideAGroupHasNoPlace() throws {
        #expect(try Reactor().placeInGroup == nil)
    }

    @Test func threadsAreNamedAfterTheirPlace() async throws {
        for (name, expected) in [("echo", "echo-1"), ("a name that is too long", "a name that i-1"), ("", "-1")] {
            var configuration = ReactorGroup.Configuration.quiet
            configuration.threadName = name
            let group = try ReactorGroup(count: 2, configuration: configuration) { _ in }
            try await group.start()
            let names = await group.collectFromEach { _ in threadName() }
            #expect(names.last == expected)
            await group.stop()
        }
    }

    @Test func allReactorsGetThePortThatTheSystemChoseForTheFirst() async throws {
        let group = try ReactorGroup.answeringWithIndex(3)
        try await group.start()
        #expect(group.localAddresses.count == 1)
        let address = try #require(group.localAddresses.first)
        let callers = (0..<96).compactMap { _ in Caller(address) }
        // A hash of the callers' ports chooses: that one of three is left out has odds of 1 to 10^16.
        #expect(Set(callers.map { $0.ask() }) == [0, 1, 2])
        #expect(group.connectionCount == 96)
        #expect(group.connectionCounts.allSatisfy { $0 > 0 })
        await group.stop()
        #expect(group.connectionCount == 0)
    }

    @Test func anEmptyHostSharesBothFamilies() async throws {
        let group = try ReactorGroup(count: 3, configuration: .quiet) { reactor in
            try reactor.listenTCP(port: 0) { [unowned reactor] in IndexAnswerer(reactor) }
        }
        try await group.start()
        let ports = Set(group.localAddresses.map(\.port))
        #expect(ports.count == 1)
        let address = try #require(group.localAddresses.first)
        let callers = (0..<64).compactMap { _ in Caller(address) }
        #expect(Set(callers.map { $0.ask() }) == [0, 1, 2])
        await group.stop()
    }

    @Test func severalPortsOfOneSetUpAreSharedEachByItself() async throws {
        let group = try ReactorGroup(count: 2, configuration: .quiet) { reactor in
            for _ in 0..<3 {
                try reactor.listenTCP(port: 0, host: "127.0.0.1") { [unowned reactor] in IndexAnswerer(reactor) }
            }
        }
        try await group.start()
        #expect(group.localAddresses.count == 3)
        for address in group.localAddresses {
            let callers = (0..<64).compactMap { _ in Caller(address) }
            #expect(Set(callers.map { $0.ask() }) == [0, 1])
        }
        await group.stop()
    }

    @Test func portsChosenAfterTheSetUpAreAReactorsOwn() async throws {
        let group = try ReactorGroup(count: 4, configuration: .quiet) { _ in }
        try await group.start()
        let ports = await group.collectFromEach { reactor in
            try? reactor.listenTCP(port: 0, host: "127.0.0.1") { [unowned reactor] in IndexAnswerer(reactor) }
                .localAddress.port
        }
        #expect(Set(ports.compactMap { $0 }).count == 4)
        await group.stop()
    }

    @Test func aPortGivenLaterIsSharedToo() async throws {
        let port = FreshPort.next()
        let group = try ReactorGroup(count: 3, configuration: .quiet) { _ in }
        try await group.start()
        let errors = await group.collectFromEach { reactor -> String? in
            do {
                try reactor.listenTCP(port: port, host: "127.0.0.1") { [unowned reactor] in IndexAnswerer(reactor) }
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(errors == [nil, nil, nil])
        await group.stop()
    }

    @Test func aPortThatAnotherGroupHasIsAnError() async throws {
        let port = FreshPort.next()
        let first = try ReactorGroup.answeringWithIndex(2, port: port)
        try await first.start()
        let second = try ReactorGroup(count: 2, configuration: .quiet) { reactor in
            try reactor.listenTCP(port: port, host: "127.0.0.1") { Protocol() }
        }
        let error = await #expect(throws: ReactorGroupError.self) { try await second.start() }
        guard case .setUpFailed(0, ListenError.addressInUse(let cause)) = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
        #expect(cause.address?.port == port)
        await first.stop()
        // The refused address can be bound now.
        try await second.start()
        await second.stop()
    }

    @Test func groupsThatAskForItShareAPort() async throws {
        let port = Shared(0)
        func makeGroup() throws -> ReactorGroup {
            try ReactorGroup(count: 2, configuration: .quiet) { reactor in
                var options = ListenOptions()
                options.reusePort = true
                let listener = try reactor.listenTCP(port: port.value, host: "127.0.0.1", options: options) {
                    Protocol()
                }
                port.change { $0 = listener.localAddress.port ?? 0 }
            }
        }
        let groups = try [makeGroup(), makeGroup()]
        for group in groups { try await group.start() }
        #expect(groups[0].localAddresses == groups[1].localAddresses)
        for group in groups { await group.stop() }
    }

    @Test func oneReactorCannotListenTwiceAtAnAddress() async throws {
        let group = try ReactorGroup(count: 2, configuration: .quiet) { reactor in
            let listener = try reactor.listenTCP(port: 0, host: "127.0.0.1") { Protocol() }
            try reactor.listenTCP(port: listener.localAddress.port ?? 0, host: "127.0.0.1") { Protocol() }
        }
        let error = await #expect(throws: ReactorGroupError.self) { try await group.start() }
        guard case .setUpFailed(0, ListenError.addressInUse) = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
    }

    @Test(arguments: [0, 2, 3]) func aSetUpThatFailsFailsTheStartAndLeavesNothingBound(_ bad: Int) async throws {
        let port = FreshPort.next()
        let calls = Shared<[Int]>([])
        let group = try ReactorGroup(count: 4, configuration: .quiet) { reactor in
            let index = reactor.placeInGroup ?? -1
            calls.change { $0.append(index) }
            let listener = try reactor.listenTCP(port: port, host: "127.0.0.1") { Protocol() }
            // A closure that retains its reactor keeps no address bound.
            reactor.callLater(.seconds(3600)) { print(reactor, listener) }
            reactor.onShutdown { Issue.record("a group that did not start does not shut down") }
            if index == bad { throw Refused() }
        }
        let error = await #expect(throws: ReactorGroupError.self) { try await group.start() }
        guard case .setUpFailed(bad, is Refused) = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
        #expect("\(error!)".contains("reactor \(bad) of the group could not be set up"))
        #expect(calls.value == Array(0...bad))
        #expect(group.remotes.isEmpty && group.localAddresses.isEmpty)
        // Without SO_REUSEPORT: no other listener has the port.
        let reactor = try Reactor()
        try reactor.listenTCP(port: port, host: "127.0.0.1") { Protocol() }
    }

    @Test func aSetUpThatRunsItsReactorIsTold() async throws {
        let group = try ReactorGroup(count: 2, configuration: .quiet) { reactor in try reactor.run() }
        let error = await #expect(throws: ReactorGroupError.self) { try await group.start() }
        guard case .setUpFailed(0, ReactorError.system(let cause)) = error else {
            Issue.record("unexpected: \(String(describing: error))")
            return
        }
        #expect("\(cause)".contains("run() in a group's set-up"))
    }

    @Test func aSecondStartIsAnErrorAndOneAfterTheStopWorks() async throws {
        let group = try ReactorGroup.answeringWithIndex(2)
        for _ in 0..<3 {
            try await group.start()
            await #expect(throws: ReactorGroupError.self) { try await group.start() }
            let caller = Caller(try #require(group.localAddresses.first))
            #expect(caller?.ask() != nil)
            await group.stop()
        }
    }

    @Test func settingsThatCannotBeAreErrors() {
        for count in [Int.min, -1, 0, 4097, Int.max] {
            #expect(throws: ReactorGroupError.self) { try ReactorGroup(count: count) { _ in } }
        }
        var configuration = ReactorGroup.Configuration.quiet
        configuration.pinning = .processors([])
        #expect(throws: ReactorGroupError.self) { try ReactorGroup(configuration: configuration) { _ in } }
        configuration = .quiet
        configuration.accepting = .acceptor
        configuration.privateDescriptorTables = true
        #expect(throws: ReactorGroupError.self) { try ReactorGroup(configuration: configuration) { _ in } }
    }

    @Test func thereIsAReactorForEachProcessorUnlessTold() throws {
        #expect(try ReactorGroup { _ in }.count == ReactorGroup.availableProcessors)
        #expect(ReactorGroup.availableProcessors >= 1)
    }
}

/// The name of this thread, as the system shows it.
func threadName() -> String {
    let file = unsafe open("/proc/thread-self/comm", O_RDONLY)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = unsafe read(file, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self)
}
