import EventReactor
import Glibc
import Testing

@Suite("Contract 48: one protocol object, one connection")
struct OneConnectionTests {
    /// A factory that always gives the same object would cross two peers' bytes.
    @Test(arguments: Setting.all)
    func line48ASecondAcceptedConnectionIsRefusedAndReported(_ setting: Setting) throws {
        try setting.run { world in
            var reports: [String] = []
            world.reactor.onDiagnostic = { reports.append("\($0)") }
            let server = Recorder("server")
            server.onData = { $0.transport.write($1) }
            let port = try world.listen { server }
            let (first, second) = (Recorder("first"), Recorder("second"))
            first.onMade = { $0.transport.write("a") }
            second.onMade = { $0.transport.write("b") }
            first.onData = { first, _ in
                if first.text == "a" {
                    // The reset may come as early as in the connect.
                    try world.connect(to: port.localAddress, { second }) { _ in first.transport.write("c") }
                } else {
                    first.transport.loseConnection()
                }
            }
            second.onLost = { _, _ in first.transport.write("c") }
            try world.connect(to: port.localAddress) { first }
            world.finishWhenLost(first, server) {
                #expect(first.text == "ac")
                #expect(second.received.isEmpty)
                #expect(server.text == "ac")
                #expect(server.calls.filter { $0 == "made" }.count == 1)
                #expect(reports.count == 1)
                #expect(reports.first?.contains("serves another connection") == true)
                #expect(world.reactor.metrics.accepting.refused[.protocolReused] == 1)
                #expect(port.connectionCount == 0)
            }
        }
    }

    /// Runs a listener and a client that is to be connected twice, and counts the reports of the reactor.
    private func run(
        _ setting: Setting, _ prepare: (World, ListeningPort, Recorder, Counter) throws -> Void
    ) throws {
        try setting.run { world in
            let reports = Counter()
            world.reactor.onDiagnostic = { _ in reports.increment() }
            try prepare(world, world.listen { Recorder("server") }, Recorder("client"), reports)
        }
    }

    @Test(arguments: Setting.all.filter { $0.transport != .startTLS })
    func line48ASecondConnectWithTheSameObjectFailsOnce(_ setting: Setting) throws {
        try run(setting) { world, port, client, reports in
            try world.connect(to: port.localAddress) { client }
            world.whenMade(client) {
                do {
                    try world.connect(to: port.localAddress, { client }) { error in
                        guard case .system(let cause) = error else { return unexpected(error) }
                        #expect(cause.code == EISCONN)
                        #expect(client.calls == ["made"])
                        #expect(reports.value == 1)
                        world.finish()
                    }
                } catch {
                    unexpected(error)
                }
            }
        }
    }

    /// Its state is that of the connection before.
    @Test(arguments: Setting.reactors)
    func line48AnObjectOfALostConnectionServesNoOther(_ setting: Setting) throws {
        try run(setting) { world, port, client, reports in
            client.onMade = { $0.transport.abortConnection() }
            client.onLost = { _, _ in
                do {
                    try world.connect(to: port.localAddress, { client }) { _ in
                        #expect(client.calls == ["made", "lost"])
                        #expect(reports.value == 1)
                        world.finish()
                    }
                } catch {
                    unexpected(error)
                }
            }
            try world.connect(to: port.localAddress) { client }
        }
    }
}
