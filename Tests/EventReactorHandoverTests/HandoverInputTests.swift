import EventReactor
import EventReactorHandover
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// Input at both ends of the socket of a handover that no program of this library sends.
@Suite struct HandoverInputTests {
    // MARK: A successor that is none

    /// Messages that no successor sends.
    static let nonsense: [[String]] = [
        [""], ["\n"], ["hello\n"], ["handover 2 take\n"], ["ready\n"], ["more\n"],
        [String(repeating: "x", count: 5000)],
        ["handover 1 take\nmore\n"], ["handover 1 take\n", "handover 1 take\n"], ["handover 1 take\n", "\0\n"],
        ["handover 1 take\n", "yours\n"], ["handover 1 ta"],
    ]

    @Test(arguments: nonsense.indices)
    func nonsenseFromASuccessorChangesNothing(_ number: Int) throws {
        let words = HandoverInputTests.nonsense[number]
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path)
        do {
            let visitor = Client(to: try .unix(path: fresh.path))
            #expect(visitor.failure == 0)
            for word in words {
                // With a descriptor that the protocol does not expect.
                _ = HandoverWire.send(word, word.isEmpty ? [] : [visitor.descriptor], to: visitor.descriptor)
            }
            shutdown(visitor.descriptor, Int32(SHUT_WR))
            var byte: UInt8 = 0
            while unsafe recv(visitor.descriptor, &byte, 1, 0) > 0 {}
        }
        #expect(Client.ask(first.address()) == "1")
        try first.expectSuccessor(at: fresh.path)
    }

    @Test func whoConnectsAndIsSilentHoldsNothingUp() throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path)
        // More than are accepted; the rest is refused.
        let visitors = try (0..<20).map { _ in Client(to: try .unix(path: fresh.path)) }
        var byte: UInt8 = 0
        for visitor in visitors.dropFirst(16) { #expect(unsafe recv(visitor.descriptor, &byte, 1, 0) <= 0) }
        shutdown(visitors[0].descriptor, Int32(SHUT_RDWR))
        let second = try Version.serving("2", path: fresh.path)
        try first.events.wait(for: "ended")
        for visitor in visitors { #expect(unsafe recv(visitor.descriptor, &byte, 1, 0) <= 0) }
        #expect(Client.ask(first.address()) == "2")
        try second.end()
    }

    @Test func noDescriptorIsLeftByHandoversThatFail() async {
        await #expect(processExitsWith: .success) {
            let fresh = FreshPath()
            let reactor = try Kind.libevent.makeReactor()
            reactor.onDiagnostic = { _ in }
            let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
            var failures = 0
            let offer = try reactor.offerHandover(path: fresh.path, ports: ["x": port], after: nil, drainingFor: nil)
            let rounds = 20
            var before = 0
            func sockets() -> Int { (0..<1024).filter { isSocket($0) }.count }
            func next(_ round: Int) {
                guard round < rounds else { return try! reactor.stop() }
                if round == 1 { before = sockets() }
                let visitor = Client(to: try! .unix(path: fresh.path))
                let words = round % 2 == 0 ? "handover 1 take\n" : "nonsense\n"
                _ = HandoverWire.send(words, [visitor.descriptor, 0], to: visitor.descriptor)
                func hear() {
                    // A successor that has its sockets closes; the other one is refused.
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
            // It is part of a retain cycle, which a leak checker would report.
            offer.onFailure = nil
            #expect(failures == rounds)
            // One of the first round may not have been closed yet when they were counted.
            #expect(before > 0 && sockets() < before)
        }
    }

    // MARK: A predecessor that is none

    /// A message of a program at the path, with a number of descriptors of each kind.
    struct Answer: Sendable, CustomTestStringConvertible {
        let text: String
        var pipes = 0
        var listeners = 0
        /// Whether the program then sends nothing more and keeps the connection open.
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
            let answer = HandoverInputTests.answers[number]
            let fresh = FreshPath()
            let address = try SocketAddress.unix(path: fresh.path)
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            #expect(unsafe address.withKernelForm { unsafe bind(listener, $0, $1) } == 0 && listen(listener, 4) == 0)
            let before = (0..<1024).filter { isSocket($0) }.count
            do {
                // The kernel answers connects, and buffers the successor's request, until the thread reads it.
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
                    try Handover.take(path: fresh.path, timeout: answer.isSilent ? .milliseconds(50) : .seconds(60))
                }
                #expect(answer.expected(error), "another error: \(String(describing: error))")
                isOver.post("")
                withExtendedLifetime(predecessor) {}
            }
            #expect((0..<1024).filter { isSocket($0) }.count == before)
        }
    }
}

private func isSocket(_ fd: Int32) -> Bool {
    var status = stat()
    return unsafe fstat(fd, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
}
