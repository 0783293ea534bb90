import EventReactor
import EventReactorHandover
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// Whatever a successor does before it serves, the predecessor goes on.
@Suite struct HandoverFailureTests {
    @Test func aSuccessorThatDiesBeforeItServesChangesNothing() throws {
        let place = FreshPath()
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        for _ in 0..<3 {
            do {
                let taken = try #require(try Handover.take(path: place.path))
                #expect(taken.ports.map(\.name) == ["main"])
                #expect(taken["main"]?.addresses == [first.address()])
                #expect(taken["other"] == nil)
            }
            try first.events.wait(for: "failed: \(HandoverError.peerGone)")
            #expect(Client.ask(first.address()) == "1")
        }
        let second = Version("2", path: place.path)
        try second.events.wait(for: "serves")
        try first.events.wait(for: "ended")
        #expect(Client.ask(first.address()) == "2")
        try second.end()
    }

    @Test func aSuccessorThatIsNotReadyInTimeIsTooLate() throws {
        let place = FreshPath()
        let first = Version("1", path: place.path, readyWithin: .milliseconds(20))
        try first.events.wait(for: "serves")
        let late = try #require(try Handover.take(path: place.path))
        try first.events.wait(for: "failed: \(HandoverError.timedOut(after: .milliseconds(20)))")
        #expect(throws: HandoverError.withdrawn) { try late.ready() }
        #expect(Client.ask(first.address()) == "1")
        try first.end()
    }

    @Test func aSuccessorThatCameTooLateStopsByItself() throws {
        let place = FreshPath()
        let first = Version("1", path: place.path, readyWithin: .milliseconds(20))
        try first.events.wait(for: "serves")
        let address = first.address()
        let refused = HandoverError.timedOut(after: .milliseconds(20))
        let hasGivenUp = Events()
        let second = Version(
            "2", path: place.path, beforeOffering: { #expect(throws: Never.self) { _ = try hasGivenUp.next() } })
        try first.events.wait(for: "failed: \(refused)")
        hasGivenUp.post("")
        try second.events.wait(for: "failed: \(HandoverError.withdrawn)")
        try second.events.wait(for: "ended")
        #expect(Client.ask(address) == "1")
        try first.end()
    }

    @Test func oneSuccessorAtATime() throws {
        let place = FreshPath()
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        let taken = try #require(try Handover.take(path: place.path))
        #expect(throws: HandoverError.busy) { try Handover.take(path: place.path) }
        try first.events.wait(for: "failed: \(HandoverError.busy)")
        taken.onDiagnostic = { _ in }
        try taken.ready()
        try first.events.wait(for: "ended")
    }

    @Test func whatNobodyAdoptedIsClosedAndReportedWhenAProgramIsReady() throws {
        let place = FreshPath()
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        let taken = try #require(try Handover.take(path: place.path))
        var reports: [String] = []
        taken.onDiagnostic = { reports.append("\($0)") }
        try taken.ready()
        try first.events.wait(for: "ended")
        // No peer waits there, and the next program is the first one.
        #expect(Client(to: first.address()).failure == ECONNREFUSED)
        #expect(try Handover.take(path: place.path) == nil)
        #expect(taken.ports.map(\.descriptors) == [[]])
        let closed = ReactorDiagnostic.notAdopted(name: "main", addresses: [first.address()])
        #expect(reports == ["\(closed)"])
    }

    @Test func whatAProgramHasAdoptedServesOnWhenItIsReady() throws {
        let place = FreshPath()
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        let taken = try #require(try Handover.take(path: place.path))
        let reactor = try Kind.libevent.makeReactor()
        let port = try reactor.listen(.tcp(port: 0), adopting: taken["main"]) { nil }
        #expect(taken["main"]?.descriptors == [])
        taken.onDiagnostic = { Issue.record("unexpected: \($0)") }
        try taken.ready()
        try first.events.wait(for: "ended")
        #expect(port.localAddress == first.address())
        #expect(Client(to: first.address()).failure == 0)
        // The path can be offered at again, with what is left of the predecessor's.
        let offer = try reactor.offerHandover(path: place.path, ports: ["main": port], after: taken, drainingFor: nil)
        offer.withdraw()
    }

    @Test func theSocketOfAnotherPathIsClosedWhenASuccessorServes() throws {
        let place = FreshPath()
        let other = FreshPath()
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        let from = place.path
        let second = Version("2", path: other.path, takingFrom: from)
        try second.events.wait(for: "serves")
        try first.events.wait(for: "ended")
        #expect(Client.ask(first.address()) == "2")
        // Programs that ask at the old path are told at once that nobody offers there.
        #expect(try Handover.take(path: from) == nil)
        try second.end()
    }

    @Test(arguments: [Duration.seconds(Int64.max) * 2, .seconds(Int64.max), .seconds(Int64.min) * 2])
    func anyTimeoutIsOne(_ timeout: Duration) throws {
        let place = FreshPath()
        #expect(try Handover.take(path: place.path, timeout: timeout) == nil)
        let reactor = try Kind.libevent.makeReactor()
        let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
        let offer = try reactor.offerHandover(
            path: place.path, ports: ["x": port], after: nil, drainingFor: timeout, readyWithin: timeout)
        offer.withdraw()
        guard timeout > .zero else { return }
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        let taken = try #require(try Handover.take(path: place.path, timeout: timeout))
        taken.onDiagnostic = { _ in }
        try taken.ready(timeout: timeout)
        try first.events.wait(for: "ended")
    }

    @Test func aDescriptorThatSomebodyElseClosedIsNeitherAdoptedNorClosed() async {
        await #expect(processExitsWith: .success) {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #expect(listen(listener, 8) == 0)
            let inherited = InheritedSockets(name: "x", descriptors: [listener])
            close(listener)
            // The number means another listening socket by then.
            let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #expect(listen(other, 8) == 0)
            if other != listener { #expect(dup2(other, listener) == listener) }
            let reactor = try Kind.libevent.makeReactor()
            #expect(throws: ListenError.notAdoptable(.notOpen(descriptor: listener))) {
                try reactor.listen(adopting: inherited) { nil }
            }
            inherited.closeAll()
            #expect(fcntl(listener, F_GETFD) >= 0)
        }
    }

    @Test func aPredecessorThatStopsMeanwhileLeavesTheSocketsAlive() throws {
        let place = FreshPath()
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        let address = first.address()
        let hasTaken = Events()
        let mayGoOn = Events()
        let second = Version(
            "2", path: place.path,
            beforeOffering: {
                hasTaken.post("")
                #expect(throws: Never.self) { _ = try mayGoOn.next() }
            })
        _ = try hasTaken.next()
        try first.end()
        do {
            let waiting = Client(to: address)
            #expect(waiting.failure == 0)
            mayGoOn.post("")
            try second.events.wait(for: "serves")
            #expect(waiting.ask().line == "2")
        }
        // And it is found at the path.
        let third = Version("3", path: place.path)
        try third.events.wait(for: "serves")
        try second.events.wait(for: "ended")
        #expect(Client.ask(address) == "3")
        try third.end()
    }

    @Test func whoConnectsAndIsSilentHoldsNothingUp() throws {
        let place = FreshPath()
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        // More than are let in; the rest is turned away.
        let visitors = try (0..<20).map { _ in Client(to: try .unix(path: place.path)) }
        var byte: UInt8 = 0
        for visitor in visitors.dropFirst(16) { #expect(unsafe recv(visitor.descriptor, &byte, 1, 0) <= 0) }
        shutdown(visitors[0].descriptor, Int32(SHUT_RDWR))
        let second = Version("2", path: place.path)
        try second.events.wait(for: "serves")
        try first.events.wait(for: "ended")
        for visitor in visitors { #expect(unsafe recv(visitor.descriptor, &byte, 1, 0) <= 0) }
        #expect(Client.ask(first.address()) == "2")
        try second.end()
    }

    // MARK: At the handover's socket

    /// What may be said there by one who is no successor.
    static let nonsense: [[String]] = [
        [""], ["\n"], ["hello\n"], ["handover 2 take\n"], ["ready\n"], ["more\n"],
        [String(repeating: "x", count: 5000)],
        ["handover 1 take\nmore\n"], ["handover 1 take\n", "handover 1 take\n"], ["handover 1 take\n", "\0\n"],
        ["handover 1 take\n", "yours\n"], ["handover 1 ta"],
    ]

    @Test(arguments: nonsense.indices)
    func nonsenseFromASuccessorChangesNothing(_ number: Int) throws {
        let words = HandoverFailureTests.nonsense[number]
        let place = FreshPath()
        let first = Version("1", path: place.path)
        try first.events.wait(for: "serves")
        do {
            let visitor = Client(to: try .unix(path: place.path))
            #expect(visitor.failure == 0)
            for word in words {
                // With a descriptor that nobody asked for.
                _ = HandoverWire.send(word, word.isEmpty ? [] : [visitor.descriptor], to: visitor.descriptor)
            }
            shutdown(visitor.descriptor, Int32(SHUT_WR))
            var byte: UInt8 = 0
            while unsafe recv(visitor.descriptor, &byte, 1, 0) > 0 {}
        }
        #expect(Client.ask(first.address()) == "1")
        let second = Version("2", path: place.path)
        try second.events.wait(for: "serves")
        try first.events.wait(for: "ended")
        #expect(Client.ask(first.address()) == "2")
        try second.end()
    }

    @Test func noDescriptorIsLeftByHandoversThatFail() async {
        await #expect(processExitsWith: .success) {
            let place = FreshPath()
            let reactor = try Kind.libevent.makeReactor()
            reactor.onDiagnostic = { _ in }
            let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
            var failures = 0
            let offer = try reactor.offerHandover(path: place.path, ports: ["x": port], after: nil, drainingFor: nil)
            let rounds = 20
            var before = 0
            func sockets() -> Int { (0..<1024).filter { isSocket($0) }.count }
            func next(_ round: Int) {
                guard round < rounds else { return try! reactor.stop() }
                if round == 1 { before = sockets() }
                let visitor = Client(to: try! .unix(path: place.path))
                let words = round % 2 == 0 ? "handover 1 take\n" : "nonsense\n"
                _ = HandoverWire.send(words, [visitor.descriptor, 0], to: visitor.descriptor)
                func hear() {
                    // A successor that has its sockets goes; the other is sent away.
                    var bytes = [UInt8](repeating: 0, count: 100)
                    guard unsafe recv(visitor.descriptor, &bytes, 100, Int32(MSG_DONTWAIT)) > 0 else {
                        return reactor.callSoon(hear)
                    }
                    offer.onFailure = { _ in
                        failures += 1
                        reactor.callSoon { reactor.callSoon { next(round + 1) } }
                    }
                    shutdown(visitor.descriptor, Int32(SHUT_RDWR))
                    if round % 2 == 1 { reactor.callSoon { next(round + 1) } }
                }
                offer.onFailure = { _ in failures += 1 }
                hear()
            }
            reactor.callSoon { next(0) }
            try reactor.run()
            // It keeps what keeps it, and a leak checker would say so.
            offer.onFailure = nil
            #expect(failures == rounds)
            // One of the first round may not have been closed yet when they were counted.
            #expect(before > 0 && sockets() < before)
        }
    }

    // MARK: At a predecessor that is none

    /// What a program at the path may say, with how many of which descriptors.
    struct Answer: Sendable, CustomTestStringConvertible {
        let text: String
        var pipes = 0
        var listeners = 0
        /// Whether it then leaves the successor waiting.
        var isSilent = false
        let expected: @Sendable (HandoverError?) -> Bool
        var testDescription: String { "\(text.debugDescription) \(pipes) \(listeners)" }
    }

    static let answers: [Answer] = [
        Answer(text: "", isSilent: true) { if case .timedOut = $0 { true } else { false } },
        Answer(text: "hello\n") { if case .malformed = $0 { true } else { false } },
        Answer(text: "error busy\n") { $0 == .busy },
        Answer(text: "error refused\n") { $0 == .refused },
        Answer(text: "error withdrawn\n", listeners: 3) { $0 == .withdrawn },
        Answer(text: "error malformed\n") { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 0 0\n") { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets -1 0\n") { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 999999999999999999999 0\n") { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 1 0\nx\n") { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 1 0\nx\n", listeners: 2) { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 2 0\nx\ny\n", listeners: 253) { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 1 0\nx\ny\n", listeners: 1) { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 1 0\na:b\n", listeners: 1) { if case .malformed = $0 { true } else { false } },
        Answer(text: String(repeating: "x", count: 3000)) { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 1 70000\nx\n", listeners: 1) { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 1 65535\nx\n", listeners: 1) { if case .malformed = $0 { true } else { false } },
        Answer(text: "sockets 1 5\nx\n", listeners: 1, isSilent: true) {
            if case .timedOut = $0 { true } else { false }
        },
        Answer(text: "sockets 1 0\nx\n", pipes: 1) { if case .unusable("x", .notASocket) = $0 { true } else { false } },
    ]

    @Test(arguments: answers.indices)
    func nonsenseFromAPredecessorIsATypedErrorAndLeavesNoDescriptor(_ number: Int) async {
        await #expect(processExitsWith: .success) { [number] in
            let answer = HandoverFailureTests.answers[number]
            let place = FreshPath()
            let address = try SocketAddress.unix(path: place.path)
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            #expect(unsafe address.withKernelForm { unsafe bind(listener, $0, $1) } == 0 && listen(listener, 4) == 0)
            let before = (0..<1024).filter { isSocket($0) }.count
            do {
                // The kernel answers connects, and holds what the successor asks, until it is looked at.
                let isOver = Events()
                let predecessor = WorkerThread {
                    let descriptor = accept(listener, nil, nil)
                    var ends: [Int32] = [0, 0]
                    _ = unsafe pipe(&ends)
                    let passed =
                        [Int32](repeating: ends[0], count: answer.pipes)
                        + [Int32](repeating: listener, count: answer.listeners)
                    if !answer.text.isEmpty { _ = HandoverWire.send(answer.text, passed, to: descriptor) }
                    _ = try? isOver.next()
                    for number in ends + [descriptor] { close(number) }
                }
                let error = #expect(throws: HandoverError.self) {
                    try Handover.take(path: place.path, timeout: answer.isSilent ? .milliseconds(50) : .seconds(60))
                }
                #expect(answer.expected(error), "another error: \(String(describing: error))")
                isOver.post("")
                withExtendedLifetime(predecessor) {}
            }
            #expect((0..<1024).filter { isSocket($0) }.count == before)
        }
    }

    // MARK: Users

    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func processesOfAnotherUserAreGivenAndBelievedNothing() async {
        await #expect(processExitsWith: .success) {
            let place = FreshPath()
            let reactor = try Kind.libevent.makeReactor()
            let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
            // An abstract name, since a path is barred to them by its mode already.
            let address = try SocketAddress.abstract(place.path)
            let offer = try reactor.offerHandover(
                path: "\0" + place.path, ports: ["x": port], after: nil, drainingFor: nil)
            let visitor = asNobody { Client(to: address) }
            _ = HandoverWire.send("handover 1 take\n", [], to: visitor.descriptor)
            offer.onFailure = { error in
                #expect(error == .untrusted(user: nobody))
                reactor.callLater(.zero) { try? reactor.stop() }
            }
            try reactor.run()
            var bytes = [UInt8](repeating: 0, count: 100)
            let count = unsafe recv(visitor.descriptor, &bytes, 100, 0)
            #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "error refused\n")

            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            asNobody {
                let other = try? SocketAddress.abstract(place.path + "2")
                #expect(unsafe other?.withKernelForm { unsafe bind(listener, $0, $1) } == 0)
                #expect(listen(listener, 4) == 0)
            }
            #expect(throws: HandoverError.untrusted(user: nobody)) { try Handover.take(path: "\0" + place.path + "2") }
        }
    }
}

private func isSocket(_ descriptor: Int32) -> Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
}

private let nobody: UInt32 = 65_534

/// Does something as a user who is neither this process's nor root.
private func asNobody<Result>(_ body: () throws -> Result) rethrows -> Result {
    #expect(seteuid(nobody) == 0)
    defer { #expect(seteuid(0) == 0) }
    return try body()
}
