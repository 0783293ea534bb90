import EventReactorTLS
import EventReactorTesting
import TestSupport
import Testing

@Suite("TLS on a network with faults")
struct SimulationTests {
    /// Whatever the network does to segments, all bytes arrive in order, and the end is clean.
    @Test func harmlessFaultsLoseNothing() throws {
        let server = try TLSServerContext(Authority.serverSettings())
        var settings = Authority.clientSettings()
        settings.sessions = nil
        let client = try TLSClientContext(settings)
        try Simulation.check(seeds: 0..<500, faults: .harmless) { network in
            let end = Recorder()
            let bytes = (0..<30_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            end.onMade = { $0.transport.write(bytes) }
            end.onData = { end, _ in if end.received.count == bytes.count { end.transport.loseConnection() } }
            try network.host("server").listen(.tcp(port: 7).tls(server)) { Recorder.echo() }
            try network.host("client").connect(.tcp(host: "server", port: 7).tls(client)) { end }
            network.run { end.reason != nil }
            network.expect(end.received == bytes, "\(end.received.count) bytes")
            network.expect(end.reason?.isClean == true, "\(String(describing: end.reason))")
        }
    }

    /// With resets and losses of all kinds: an end comes on both sides, whole bytes before it, and nothing stays.
    @Test func anyFaultsEndInOrder() throws {
        let server = try TLSServerContext(Authority.serverSettings())
        let client = try TLSClientContext(Authority.clientSettings())
        try Simulation.check(seeds: 0..<500) { network in
            let end = Recorder()
            let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            end.onMade = { $0.transport.write(bytes) }
            end.onData = { end, _ in if end.received.count == bytes.count { end.transport.loseConnection() } }
            var options = ListenOptions()
            options.stream.timeouts = StreamTimeouts(idle: .seconds(100))
            var failed = false
            try network.host("server").listen(.tcp(port: 7).tls(server), options: options) { Recorder.echo() }
            try network.host("client").connect(.tcp(host: "server", port: 7).tls(client), options: options.stream) {
                end
            } onFailure: { _ in
                failed = true
            }
            network.run { end.reason != nil || failed }
            network.expect(failed != (end.reason != nil), "both or neither")
            network.expect(end.received.elementsEqual(bytes.prefix(end.received.count)), "other bytes")
            if end.reason?.isClean == true { network.expect(end.received == bytes, "a clean end with bytes missing") }
        }
    }
}
