import EventReactor
import EventReactorHandover
import EventReactorPosix
import Glibc
import Testing

/// A predecessor goes on, whatever a successor does before it serves.
@Suite struct HandoverFailureTests {
    @Test func aSuccessorThatDiesBeforeItServesChangesNothing() throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path)
        for _ in 0..<3 {
            do {
                let taken = try #require(try Handover.take(path: fresh.path))
                #expect(taken.ports.map(\.name) == ["main"])
                #expect(taken["main"]?.addresses == [first.address()])
                #expect(taken["other"] == nil)
            }
            try first.events.wait(for: "failed: \(HandoverError.peerGone)")
            #expect(Client.ask(first.address()) == "1")
        }
        try first.expectSuccessor(at: fresh.path)
    }

    @Test func aSuccessorThatIsNotReadyInTimeIsTooLate() throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path, readyWithin: .milliseconds(20))
        let late = try #require(try Handover.take(path: fresh.path))
        try first.events.wait(for: "failed: \(HandoverError.timedOut(after: .milliseconds(20)))")
        #expect(throws: HandoverError.withdrawn) { try late.ready() }
        #expect(Client.ask(first.address()) == "1")
        try first.end()
    }

    @Test func aSuccessorThatCameTooLateStopsByItself() throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path, readyWithin: .milliseconds(20))
        let address = first.address()
        let refused = HandoverError.timedOut(after: .milliseconds(20))
        let hasGivenUp = Events()
        let second = Version(
            "2", path: fresh.path, beforeOffering: { #expect(throws: Never.self) { _ = try hasGivenUp.next() } })
        try first.events.wait(for: "failed: \(refused)")
        hasGivenUp.post("")
        try second.events.wait(for: "failed: \(HandoverError.withdrawn)")
        try second.events.wait(for: "ended")
        #expect(Client.ask(address) == "1")
        try first.end()
    }

    @Test func oneSuccessorAtATime() throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path)
        let taken = try #require(try Handover.take(path: fresh.path))
        #expect(throws: HandoverError.busy) { try Handover.take(path: fresh.path) }
        try first.events.wait(for: "failed: \(HandoverError.busy)")
        taken.onDiagnostic = { _ in }
        try taken.ready()
        try first.events.wait(for: "ended")
    }

    @Test func whatNobodyAdoptedIsClosedAndReportedWhenAProgramIsReady() throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path)
        let taken = try #require(try Handover.take(path: fresh.path))
        var reports: [String] = []
        taken.onDiagnostic = { reports.append("\($0)") }
        try taken.ready()
        try first.events.wait(for: "ended")
        // No peer waits there, and the next program is the first one.
        #expect(Client(to: first.address()).failure == ECONNREFUSED)
        #expect(try Handover.take(path: fresh.path) == nil)
        #expect(taken.ports.map(\.descriptors) == [[]])
        let closed = ReactorDiagnostic.notAdopted(name: "main", addresses: [first.address()])
        #expect(reports == ["\(closed)"])
    }

    @Test func whatAProgramHasAdoptedServesOnWhenItIsReady() throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path)
        let taken = try #require(try Handover.take(path: fresh.path))
        let reactor = try Kind.libevent.makeReactor()
        let port = try reactor.listen(.tcp(port: 0), adopting: taken["main"]) { nil }
        #expect(taken["main"]?.descriptors == [])
        taken.onDiagnostic = { Issue.record("unexpected: \($0)") }
        try taken.ready()
        try first.events.wait(for: "ended")
        #expect(port.localAddress == first.address())
        #expect(Client(to: first.address()).failure == 0)
        // The path can be offered at again, with what is left of the predecessor's.
        let offer = try reactor.offerHandover(path: fresh.path, ports: ["main": port], after: taken, drainingFor: nil)
        offer.withdraw()
    }

    @Test func theSocketOfAnotherPathIsClosedWhenASuccessorServes() throws {
        let fresh = FreshPath()
        let other = FreshPath()
        let first = try Version.serving("1", path: fresh.path)
        let from = fresh.path
        let second = try Version.serving("2", path: other.path, takingFrom: from)
        try first.events.wait(for: "ended")
        #expect(Client.ask(first.address()) == "2")
        // Programs that ask at the old path learn at once that no program offers there.
        #expect(try Handover.take(path: from) == nil)
        try second.end()
    }

    @Test(arguments: [Duration.seconds(Int64.max) * 2, .seconds(Int64.max), .seconds(Int64.min) * 2])
    func anyTimeoutIsOne(_ timeout: Duration) throws {
        let fresh = FreshPath()
        #expect(try Handover.take(path: fresh.path, timeout: timeout) == nil)
        let reactor = try Kind.libevent.makeReactor()
        let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
        let offer = try reactor.offerHandover(
            path: fresh.path, ports: ["x": port], after: nil, drainingFor: timeout, readyWithin: timeout)
        offer.withdraw()
        guard timeout > .zero else { return }
        let first = try Version.serving("1", path: fresh.path)
        let taken = try #require(try Handover.take(path: fresh.path, timeout: timeout))
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
            // The fd is another listening socket by then.
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
        let fresh = FreshPath()
        let first = try Version.serving("1", path: fresh.path)
        let address = first.address()
        let hasTaken = Events()
        let mayGoOn = Events()
        let second = Version(
            "2", path: fresh.path,
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
        let third = try Version.serving("3", path: fresh.path)
        try second.events.wait(for: "ended")
        #expect(Client.ask(address) == "3")
        try third.end()
    }
}
