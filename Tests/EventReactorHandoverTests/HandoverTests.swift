import EventReactor
import EventReactorHandover
import Glibc
import Synchronization
import Testing

@Suite struct HandoverTests {
    @Test(arguments: Kind.allCases, Kind.allCases)
    func aSuccessorTakesOverWhileThePredecessorDrains(_ old: Kind, _ new: Kind) throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", old, path: fresh.path)
        let address = first.address()
        #expect(Client.ask(address) == "1")
        let live = Client(to: address)
        #expect(live.ask().line == "1")

        let second = try Version.serving("2", new, path: fresh.path)
        #expect(second.address() == address)
        try first.events.wait(for: "handed over")
        // The first version still serves the live connection, and ends with it.
        #expect(live.ask().line == "1 last")
        try first.events.wait(for: "ended")
        #expect(live.ask() == (nil, 0))
        for _ in 0..<10 { #expect(Client.ask(address) == "2") }

        // And so on: the path leads to the version that serves.
        let third = try Version.serving("3", old, path: fresh.path)
        try second.events.wait(for: "ended")
        #expect(Client.ask(address) == "3")
        try third.end()
        #expect(try Handover.take(path: fresh.path) == nil)
    }

    @Test func nobodyToTakeFromIsNoError() throws {
        let fresh = FreshPath()
        #expect(try Handover.take(path: fresh.path) == nil)
        #expect(try Handover.take(path: "\0" + fresh.path) == nil)
        #expect(throws: HandoverError.invalidPath(.emptyPath)) { try Handover.take(path: "") }
    }

    @Test func portsOfSeveralSocketsAndOfAPathAreHandedOver() throws {
        let fresh = FreshPath()
        let web = fresh.folder + "/web"
        let setUp: Version.SetUp = { reactor, before, name in
            let both = try reactor.listen(.tcp(port: 0), adopting: before?["both"]) { [unowned reactor] in
                Answerer(name, reactor)
            }
            let unix = try reactor.listen(.unix(path: web, mode: 0o600), adopting: before?["unix"]) {
                [unowned reactor] in
                Answerer(name, reactor)
            }
            return ["both": both, "unix": unix]
        }
        let first = try Version.serving("1", path: fresh.path, setUp: setUp)
        let second = try Version.serving("2", path: fresh.path, setUp: setUp)
        try first.events.wait(for: "ended")
        let addresses = first.addresses.withLock { $0 }
        #expect(second.addresses.withLock { $0 } == addresses)
        let port = try #require(addresses["both"]?.first?.port)
        #expect(Client.ask(try SocketAddress(ip: "127.0.0.1", port: port)) == "2")
        // Machines without IPv6 exist.
        if addresses["both"]?.count == 2 { #expect(Client.ask(try SocketAddress(ip: "::1", port: port)) == "2") }
        #expect(Client.ask(try SocketAddress.unix(path: web)) == "2")
        try second.end()
        // The file was inherited, and so the second version does not remove it.
        #expect(unsafe access(web, F_OK) == 0)
    }

    @Test func anAbstractNameServesAsAPath() throws {
        let fresh = FreshPath()
        let first = try Version.serving("1", path: "\0" + fresh.path)
        let second = try Version.serving("2", path: "\0" + fresh.path)
        try first.events.wait(for: "ended")
        #expect(Client.ask(first.address()) == "2")
        try second.end()
    }

    @Test func morePortsThanOneMessageCarriesAreHandedOver() throws {
        let fresh = FreshPath()
        let names = (0..<150).map { "\($0)" + String(repeating: "x", count: 252) }
        let setUp: Version.SetUp = { reactor, before, name in
            var ports: [String: ListeningPort] = [:]
            for label in names {
                ports[label] = try reactor.listen(.tcp(port: 0, host: "127.0.0.1"), adopting: before?[label]) {
                    [unowned reactor] in Answerer(label, reactor)
                }
            }
            return ports
        }
        let first = try Version.serving("1", path: fresh.path, setUp: setUp)
        let second = try Version.serving("2", path: fresh.path, setUp: setUp)
        try first.events.wait(for: "ended")
        #expect(second.addresses.withLock { $0 } == first.addresses.withLock { $0 })
        for label in names { #expect(Client.ask(second.address(label)) == label) }
        try second.end()
    }

    @Test func whatTheSuccessorDoesNotTakeIsClosed() throws {
        let fresh = FreshPath()
        // Not a TCP port, which another test may have by the time of the check.
        let other = FreshPath()
        let otherPath = other.path
        let first = try Version.serving(
            "1", path: fresh.path,
            setUp: { reactor, before, name in
                var ports = try Version.onePort(reactor, before, name)
                ports["old"] = try reactor.listenUNIX(path: otherPath) { nil }
                return ports
            })
        let second = try Version.serving("2", path: fresh.path)
        try first.events.wait(for: "ended")
        #expect(Client.ask(first.address()) == "2")
        #expect([ECONNREFUSED, ENOENT].contains(Client(to: first.address("old")).failure))
        try second.end()
    }

    @Test func whatCannotBeOfferedIsATypedError() throws {
        let fresh = FreshPath()
        let reactor = try Kind.libevent.makeReactor()
        let other = try Kind.libevent.makeReactor()
        let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
        let foreign = try other.listenTCP(port: 0, host: "127.0.0.1") { nil }
        let stopped = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
        stopped.stopListening()
        func offer(_ ports: [String: ListeningPort], at path: String) throws(HandoverError) {
            try reactor.offerHandover(path: path, ports: ports, after: nil, drainingFor: nil)
        }
        for name in ["", "@handover", "a:b", "a\nb", "é", String(repeating: "x", count: 256)] {
            #expect(throws: HandoverError.invalidName(name)) { try offer([name: port], at: fresh.path) }
        }
        #expect(throws: HandoverError.noSocket(name: "x")) { try offer(["x": foreign], at: fresh.path) }
        #expect(throws: HandoverError.noSocket(name: "x")) { try offer(["x": stopped], at: fresh.path) }
        #expect(throws: HandoverError.invalidPath(.emptyPath)) { try offer(["x": port], at: "") }
        try offer(["x": port], at: fresh.path)
        let error = #expect(throws: HandoverError.self) { try offer(["x": port], at: fresh.path) }
        guard case .cannotOffer(.addressInUse) = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
    }

    @Test func anOfferCanBeWithdrawn() throws {
        let fresh = FreshPath()
        let reactor = try Kind.libevent.makeReactor()
        let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
        let offer = try reactor.offerHandover(path: fresh.path, ports: ["x": port], after: nil, drainingFor: nil)
        #expect(unsafe access(fresh.path, F_OK) == 0)
        offer.withdraw()
        #expect(unsafe access(fresh.path, F_OK) != 0)
        #expect(try Handover.take(path: fresh.path) == nil)
        #expect(port.isListening)
        try reactor.offerHandover(path: fresh.path, ports: ["x": port], after: nil, drainingFor: nil)
    }
}
