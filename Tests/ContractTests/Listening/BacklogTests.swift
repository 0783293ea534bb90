import EventReactor
import Glibc
import TestSupport
import Testing

@testable import EventReactorCore
@testable import EventReactorPosix

@Suite("Contract 47: the backlog as listening ends")
struct BacklogTests {
    /// The ways in which listening ends with peers in the backlog, none of which loses bytes.
    enum End: CaseIterable, Sendable { case stopListening, drain }

    /// Clients that have connected and sent, and that no protocol serves yet.
    private func waitingClients(_ count: Int, at port: ListeningPort, _ world: World) throws -> [Recorder] {
        port.pauseAccepting()
        return try (0..<count).map { number in
            let client = Recorder("client \(number)")
            client.onMade = { $0.transport.write("hello") }
            client.onData = { client, _ in if client.text == "hello" { client.transport.loseConnection() } }
            try world.connect(to: port.localAddress) { client }
            return client
        }
    }

    private func end(_ port: ListeningPort, _ end: End, _ world: World) {
        switch end {
        case .stopListening: port.stopListening()
        case .drain: #expect(throws: Never.self) { try world.reactor.stop(drainingFor: .seconds(1_000_000)) }
        }
        #expect(!port.isListening)
    }

    private func echo() -> Recorder {
        let server = Recorder("server")
        server.onData = { $0.transport.write($1) }
        return server
    }

    @Test(arguments: Setting.withoutHandshake, End.allCases)
    func line47PeersThatWaitAreServed(_ setting: Setting, _ how: End) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var isInsideCall = false
        // More than are accepted in one turn.
        let count = 150
        var servers: [Recorder] = []
        let port = try world.listen {
            #expect(!isInsideCall, "a protocol was made inside the call")
            servers.append(echo())
            return servers.last
        }
        let clients = try waitingClients(count, at: port, world)
        world.wait(until: { clients.allSatisfy { $0.calls == ["made"] } }) {
            #expect(servers.isEmpty)
            isInsideCall = true
            end(port, how, world)
            isInsideCall = false
            #expect(world.reactor.ports.isEmpty)
            if how == .stopListening {
                // The address is free at once.
                #expect(throws: Never.self) { try world.listen(at: port.localAddress) { nil } }
                world.wait(until: { servers.count == count && servers.allSatisfy { $0.reason != nil } }) {
                    world.finish()
                }
            }
        }
        try world.run()
        #expect(servers.count == count)
        #expect(clients.allSatisfy { $0.text == "hello" && $0.reason?.isDone == true })
        #expect(servers.allSatisfy { $0.reason?.isDone == true })
        #expect(port.counters.accepted == count)
    }

    @Test(arguments: Setting.transports.filter(\.admitsRawPeers), End.allCases)
    func line47PeersThatConnectWhileTheLoopIsBusyAreServed(_ setting: Setting, _ how: End) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let port = try world.listen { echo() }
        var peers: [RawPeer] = []
        world.reactor.callSoon {
            #expect(throws: Never.self) { peers = try (0..<20).map { _ in try RawPeer(to: port.localAddress) } }
            #expect(peers.allSatisfy { $0.send([1, 2, 3]) == 3 })
            end(port, how, world)
            // No other peer is accepted.
            let late = try? RawSocket(port.localAddress.family)
            #expect(late?.connectAndWait(to: port.localAddress) != 0)
            var answered = 0
            func look() {
                for peer in peers where peer.descriptor >= 0 {
                    switch peer.receive() {
                    case .nothing: break
                    case let other:
                        #expect(other == .bytes([1, 2, 3]))
                        answered += 1
                        peer.close()
                    }
                }
                if answered < peers.count { return _ = world.reactor.callLater(.milliseconds(1), look) }
                if how == .stopListening { world.finish() }
            }
            look()
        }
        try world.run()
        #expect(port.counters.accepted == 20)
    }

    @Test(arguments: Setting.transports.filter { !$0.transport.isSecured })
    func line47PeersThatTheLimitsHaveWaitAreServedOneAfterAnother(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var options = ListenOptions()
        options.limits.total = 1
        options.limits.rate = ConnectionRate(500, burst: 1)
        options.limits.excess = .wait
        var port: ListeningPort!
        port = try world.listen(options: options) {
            let server = echo()
            server.onMade = { _ in #expect(port.connectionCount == 1) }
            return server
        }
        let clients = try waitingClients(5, at: port, world)
        world.wait(until: { clients.allSatisfy { $0.calls == ["made"] } }) { end(port, .drain, world) }
        try world.run()
        #expect(clients.allSatisfy { $0.text == "hello" && $0.reason?.isDone == true })
        #expect(port.counters.accepted == 5)
        port = nil
    }

    @Test(arguments: Setting.transports.filter { !$0.transport.isSecured })
    func line47PeersBeyondTheLimitsAreTurnedAway(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var options = ListenOptions()
        options.limits.total = 2
        options.limits.excess = .close
        let port = try world.listen(options: options) { echo() }
        let clients = try waitingClients(5, at: port, world)
        world.wait(until: { clients.allSatisfy { $0.calls == ["made"] } }) { end(port, .drain, world) }
        try world.run()
        #expect(clients.filter { $0.text == "hello" }.count == 2)
        #expect(port.counters.accepted == 2 && port.counters.refusedByTotal == 3)
        #expect(clients.allSatisfy { $0.reason != nil })
    }

    @Test(arguments: Setting.transports.filter { !$0.transport.isSecured })
    func line47TheFactoryIsUsedUntilTheLastOfThemIsServed(_ setting: Setting) throws {
        final class Counting: Factory {
            var events: [String] = []
            override func start() { events.append("start") }
            override func stop() { events.append("stop") }
            override func buildProtocol(for peer: SocketAddress) -> Protocol? {
                events.append("build")
                return nil
            }
        }
        try setting.run { world in
            let factory = Counting()
            let port = try world.listen(factory: factory)
            let clients = try waitingClients(2, at: port, world)
            world.wait(until: { clients.allSatisfy { $0.calls == ["made"] } }) {
                port.stopListening()
                port.stopListening()
                #expect(factory.events == ["start"])
                world.wait(until: { clients.allSatisfy { $0.reason != nil } }) {
                    #expect(factory.events == ["start", "build", "build", "stop"])
                    world.finish()
                }
            }
        }
    }

    @Test(arguments: Setting.transports.filter { !$0.transport.isSecured })
    func line47AStopWhileTheyAreServedEndsThemAll(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        var made = 0
        let port = try world.listen {
            made += 1
            if made == 1 { world.finish() }
            return Recorder("server")
        }
        let clients = try waitingClients(200, at: port, world)
        world.wait(until: { clients.allSatisfy { $0.calls == ["made"] } }) { port.stopListening() }
        try world.run()
        #expect(made < 200, "the rest has no protocol")
        #expect(clients.allSatisfy { $0.reason != nil })
        #expect(world.reactor.endingPorts.isEmpty)
    }

    @Test(arguments: Setting.transports.filter { $0.admitsRawPeers && $0.transport != .unix })
    func line47APeerThatConnectsAsListeningEndsIsServedOrRefused(_ setting: Setting) throws {
        for _ in 0..<5 {
            let world = try setting.makeWorld()
            defer { world.end() }
            let port = try world.listen { echo() }
            let address = port.localAddress
            let served = Counter()
            let lost = Counter()
            let thread = Knocking(at: address, served: served, lost: lost)
            world.wait(until: { port.counters.accepted >= 20 }) {
                port.stopListening()
                world.wait(until: { thread.isOver.value > 0 }) { world.finish() }
            }
            try world.run()
            thread.join()
            #expect(lost.value == 0)
            #expect(served.value >= 20)
        }
    }

    @Test(arguments: Setting.transports.filter(\.admitsRawPeers))
    func line47WhatAnAdoptedSocketHasWaitingIsServed(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let listener: Int32
        do {
            // No other process has it open.
            let shared = try world.listeningSocket()
            listener = dup(shared.descriptor)
        }
        let port = try world.adopt(listener) { echo() }
        let clients = try waitingClients(3, at: port, world)
        world.wait(until: { clients.allSatisfy { $0.calls == ["made"] } }) { end(port, .drain, world) }
        try world.run()
        #expect(clients.allSatisfy { $0.text == "hello" && $0.reason?.isDone == true })
    }
}

/// A thread that connects and sends repeatedly until it is refused, and then reads its answers.
private final class Knocking {
    let isOver = Counter()
    private let thread: WorkerThread

    init(at address: SocketAddress, served: Counter, lost: Counter) {
        thread = WorkerThread { [isOver] in
            var peers: [RawSocket] = []
            var byte: UInt8 = 1
            while peers.count < 500, let peer = try? RawSocket(address.family), peer.connectAndWait(to: address) == 0 {
                unsafe send(peer.descriptor, &byte, 1, Int32(MSG_NOSIGNAL))
                peers.append(peer)
            }
            for peer in peers {
                let count = unsafe recv(peer.descriptor, &byte, 1, 0)
                _ = count == 1 ? served.increment() : lost.increment()
            }
            isOver.increment()
        }
    }

    func join() { thread.join() }
}
