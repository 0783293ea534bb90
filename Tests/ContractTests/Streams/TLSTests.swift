import EventReactor
import EventReactorTLS
import Glibc
import TestSupport
import Testing

@Suite("Contract 43: TLS")
struct TLSTests {
    static let secured = Setting.all.filter(\.transport.isSecured)
    /// One cell for each reactor.
    static let tls = Setting.all.filter { $0.transport == .tls }

    @Test(arguments: secured)
    func line43ConnectionMadeComesOnceTheHandshakeIsDone(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { server in
                #expect(server.transport.tls?.version == .tls13)
                server.transport.write("hello")
            }
            client.onMade = { client in #expect(client.transport.tls?.peerCertificates.count == 2) }
            client.onData = { client, _ in client.transport.loseConnection() }
            world.finishWhenLost(server, client) {
                #expect(client.text == "hello")
                #expect(server.calls == ["made", "readLost", "lost"])
                #expect(server.reason?.isDone == true && client.reason?.isDone == true)
                #expect(server.transport.tls == nil)
            }
        }
    }

    @Test(arguments: tls)
    func line43AFailedHandshakeIsTheReasonOnBothSides(_ setting: Setting) throws {
        var settings = TLSClientSettings()
        settings.trust = .files([TestAuthority.path("rogue-root.pem")])
        settings.serverName = "localhost"
        let untrusting = try TLSClientContext(settings)
        try setting.run { world in
            let server = Recorder("server")
            let port = try world.listen { server }
            var failures: [ConnectError] = []
            server.onLost = { server, reason in
                #expect(server.calls == ["lost"])
                guard case .alertReceived? = reason.failure as? TLSError else { return unexpected(reason) }
                world.wait(until: { !failures.isEmpty }) { world.finishSoon() }
            }
            world.whenFinished = {
                #expect(failures.count == 1)
                guard case .handshakeFailed(let error, _)? = failures.first,
                    case .untrusted? = error as? TLSError
                else { return unexpected(failures.first ?? CancellationError()) }
            }
            try world.reactor.connect(.address(port.localAddress).tls(untrusting)) {
                Recorder("client")
            } onFailure: {
                failures.append($0)
            }
        }
    }

    @Test(arguments: tls)
    func line43AHandshakeHasADeadline(_ setting: Setting) throws {
        var settings = TLSServerSettings(
            identity: try .pem(chain: TestAuthority.path("server.pem"), key: TestAuthority.path("server.key")))
        settings.handshakeTimeout = .milliseconds(50)
        let context = try TLSServerContext(settings)
        try setting.run { world in
            let (server, client) = (Recorder("server"), Recorder("client"))
            let port = try world.atFreshPort { port in
                try world.reactor.listen(.tcp(port: port, host: "127.0.0.1").tls(context)) { server }
            }
            try world.reactor.connect(.address(port.localAddress)) { client }
            world.finishWhenLost(server, client) {
                #expect(server.reason?.failure as? TLSError == .handshakeTimedOut(after: .milliseconds(50)))
                #expect(server.calls == ["lost"])
            }
        }
    }

    @Test(arguments: tls)
    func line43AnEndWithoutCloseNotifyIsTruncation(_ setting: Setting) throws {
        try setting.run { world in
            // Between the two, a relay of ciphertext whose client's side ends in the middle.
            let server = Recorder("server")
            let port = try world.listen { server }
            let (near, far) = (Recorder("near"), Recorder("far"))
            let relay = try world.atFreshPort { number in
                try world.reactor.listen(.tcp(port: number, host: "127.0.0.1")) { near }
            }
            near.onMade = { near in
                try world.reactor.connect(.address(port.localAddress)) { far }
                near.transport.pauseReading()
            }
            far.onMade = { far in near.transport.resumeReading() }
            near.onData = { _, bytes in far.transport.write(bytes) }
            far.onData = { _, bytes in near.transport.write(bytes) }
            server.onData = { _, _ in far.transport.loseConnection() }
            let client = Recorder("client")
            client.onMade = { $0.transport.write("first") }
            try world.connect(to: relay.localAddress) { client }
            server.onLost = { server, reason in
                #expect(server.text == "first")
                #expect(reason.failure as? TLSError == .truncated)
                #expect(!server.calls.contains("readLost"))
                world.finish()
            }
        }
    }

    /// An endpoint of any kind carries TLS: a UNIX socket's, and a socket that is adopted.
    @Test(arguments: Setting.kernelReactors)
    func line43AnyEndpointSpeaksTLS(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = (Recorder("server"), Recorder("client"))
            let path = world.freshPath()
            try world.reactor.listen(.unix(path: path).tls(TLSContexts.server)) { server }
            client.onMade = { $0.transport.write("by a path") }
            server.onData = { server, bytes in server.transport.write(bytes) }
            client.onData = { client, _ in client.transport.loseConnection() }
            try world.reactor.connect(.unix(path: path).tls(TLSContexts.client)) { client }
            world.finishWhenLost(server, client) {
                #expect(client.text == "by a path")
                #expect(server.reason?.isDone == true)
            }
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line43AnAdoptedConnectionSpeaksTLS(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = (Recorder("server"), Recorder("client"))
            var ends: [Int32] = [0, 0]
            try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            defer { for end in ends { close(end) } }
            try world.reactor.adoptStreamConnection(ends[0], protocol: TLSContexts.server.secured(server))
            try world.reactor.adoptStreamConnection(ends[1], protocol: TLSContexts.client.secured(client))
            client.onMade = { $0.transport.write("adopted") }
            server.onData = { server, _ in server.transport.loseConnection() }
            world.finishWhenLost(server, client) { #expect(server.text == "adopted") }
        }
    }
}
