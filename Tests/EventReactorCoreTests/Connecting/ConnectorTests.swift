import Testing

@testable import EventReactorCore

@Suite("Connecting by a name with several addresses")
struct ConnectorTests {
    private let six = ["2001:db8::1", "2001:db8::2"]
    private let four = ["192.0.2.1", "192.0.2.2"]

    private func addresses(_ hosts: [String]) throws -> [SocketAddress] {
        try hosts.map { try SocketAddress(ip: $0, port: 80) }
    }

    private func refused() -> ConnectError { .refused(SystemError(code: 111, operation: "connect")) }

    @Test func familiesTakeTurnsAQuarterOfASecondApart() throws {
        let (reactor, engine) = ScriptedEngine.makeReactor()
        engine.names["server"] = try addresses(six + four)
        var failures: [ConnectError] = []
        try reactor.connectTCP(
            host: "server", port: 80, timeout: .seconds(2), { nil }, onFailure: { failures.append($0) })
        try reactor.run()
        #expect(
            engine.log == [
                "connect 2001:db8::1 at 0 ms", "connect 192.0.2.1 at 250 ms", "connect 2001:db8::2 at 500 ms",
                "connect 192.0.2.2 at 750 ms", "cancel 2001:db8::1", "cancel 192.0.2.1", "cancel 2001:db8::2",
                "cancel 192.0.2.2",
            ])
        #expect(failures == [.timedOut(after: .seconds(2), to: "server:80")])
    }

    @Test func afterAFailureTheNextIsTriedAtOnceAndTheFirstFailureIsReported() throws {
        let (reactor, engine) = ScriptedEngine.makeReactor()
        engine.names["server"] = try addresses([six[0], four[0]])
        var failures: [ConnectError] = []
        try reactor.connectTCP(host: "server", port: 80, { nil }, onFailure: { failures.append($0) })
        reactor.callLater(.milliseconds(100)) { engine.attempts[self.six[0]]?.completion(.failure(self.refused())) }
        reactor.callLater(.milliseconds(120)) {
            engine.attempts[self.four[0]]?.completion(
                .failure(.unreachable(SystemError(code: 101, operation: "connect"))))
        }
        try reactor.run()
        #expect(engine.log == ["connect 2001:db8::1 at 0 ms", "connect 192.0.2.1 at 100 ms"])
        #expect(failures == [refused()])
    }

    @Test func theFirstThatStandsIsKeptAndTheOthersAreLetGo() throws {
        let (reactor, engine) = ScriptedEngine.makeReactor()
        engine.names["server"] = try addresses([six[0], four[0]])
        let made = Protocol()
        try reactor.connectTCP(host: "server", port: 80, { made }, onFailure: { Issue.record("\($0)") })
        reactor.callLater(.milliseconds(300)) { engine.attempts[self.four[0]]?.completion(.success(7)) }
        try reactor.run()
        #expect(engine.log.suffix(2) == ["cancel 2001:db8::1", "close 7"])
        #expect(made.transport.peerAddress.host == four[0])
    }

    @Test func aConnectionThatCannotBeWatchedIsAFailedConnect() throws {
        let (reactor, engine) = ScriptedEngine.makeReactor()
        let cause = SystemError(code: 12, operation: "event_add")
        engine.openFailure = cause
        reactor.onDiagnostic = { Issue.record("\($0)") }
        var failures: [ConnectError] = []
        var uses = 0
        let factory = UseCountingFactory { uses += $0 }
        try reactor.connect(.tcp(host: four[0], port: 80), factory: factory, onFailure: { failures.append($0) })
        reactor.callLater(.milliseconds(1)) { engine.attempts[self.four[0]]?.completion(.success(7)) }
        #expect(uses == 1)
        try reactor.run()
        #expect(failures == [.system(cause)])
        #expect(engine.log.last == "close 7")
        #expect(uses == 0)
    }

    @Test(arguments: [
        ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:0.0.0.0", "127.0.0.1"),
        ("::1%3", "::1"), ("2001:db8::1%3", "2001:db8::1"), ("fe80::1%3", "fe80::1%3"), ("febf::1%3", "febf::1%3"),
        ("ff02::1%3", "ff02::1%3"), ("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"),
    ])
    func anAddressIsConnectedToAsItNamesItself(_ written: String, _ reached: String) throws {
        let address = try SocketAddress(ip: written, port: 80)
        #expect(address.effectiveDestination == (try SocketAddress(ip: reached, port: 80)))
    }
}

@Suite("Listening at a name with several addresses")
struct ListeningPortTests {
    private let missing: Int32 = 99  // EADDRNOTAVAIL

    @Test func aFamilyThatTheMachineLacksIsLeftOut() throws {
        let (reactor, engine) = ScriptedEngine.makeReactor()
        engine.names[""] = [try SocketAddress(ip: "0.0.0.0", port: 0), try SocketAddress(ip: "::", port: 0)]
        engine.unlistenable["::"] = missing
        let port = try reactor.listenTCP(port: 0) { nil }
        #expect(port.localAddresses.map(\.family) == [.ipv4])
        #expect(engine.log == ["listen 0.0.0.0", "listen ::", "close 0.0.0.0", "listen 0.0.0.0"])
    }

    @Test(arguments: [["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "2001:db8::1"], ["2001:db8::1"]])
    func aNameWithoutAnAddressOfThisMachineIsAnError(_ hosts: [String]) throws {
        let (reactor, engine) = ScriptedEngine.makeReactor()
        engine.names["elsewhere"] = try hosts.map { try SocketAddress(ip: $0, port: 80) }
        for host in hosts { engine.unlistenable[host] = missing }
        #expect(throws: ListenError.self) { try reactor.listenTCP(port: 80, host: "elsewhere") { nil } }
        #expect(reactor.ports.isEmpty)
    }

    @Test func aPortThatStopsWhileItWaitsForADescriptorIsLetGo() throws {
        let (reactor, engine) = ScriptedEngine.makeReactor()
        engine.names["here"] = [try SocketAddress(ip: "127.0.0.1", port: 80)]
        let shortage = SystemError(code: 24, operation: "accept")
        weak var gone: ListeningPort?
        do {
            let port = try reactor.listenTCP(port: 80, host: "here") { nil }
            port.onAcceptFailure = { _ in }
            gone = port
            // As often as in a long shortage.
            for _ in 0..<3 { port.acceptFailed(shortage, closed: 0, waits: true) }
            port.stopListening()
        }
        #expect(gone == nil)
        #expect(engine.log == ["listen 127.0.0.1", "disable", "close 127.0.0.1"])
    }
}

private final class UseCountingFactory: Factory {
    private let change: (Int) -> Void

    init(_ change: @escaping (Int) -> Void) {
        self.change = change
    }

    override func start() { change(1) }
    override func stop() { change(-1) }
    override func buildProtocol(for peer: SocketAddress) -> Protocol? { Protocol() }
}
