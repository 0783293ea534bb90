import EventReactor
import Testing

/// Functions of a user that work with any reactor.
private func serveShouting<R: ReactorStreams>(on reactor: R) throws -> ListeningPort {
    try reactor.listenTCP(port: 0, host: "127.0.0.1") {
        let end = Recorder("server")
        end.onData = { $0.transport.write(String(decoding: $1, as: UTF8.self).uppercased()) }
        return end
    }
}

private func ask<R: ReactorStreams>(
    _ question: String, at address: SocketAddress, on reactor: R, then answered: @escaping (String) -> Void
) throws {
    let end = Recorder("client")
    end.onMade = { $0.transport.write(question) }
    end.onData = { end, _ in
        guard end.received.count == question.utf8.count else { return }
        end.transport.loseConnection()
        answered(end.text)
    }
    try reactor.connectTCP(host: try #require(address.host), port: try #require(address.port)) { end }
}

private func count<R: ReactorTime>(
    to number: Int, every pause: Duration, on reactor: R, then done: @escaping (Duration) -> Void
) {
    let start = reactor.now
    func step(_ rest: Int) {
        guard rest > 0 else { return reactor.callSoon { done(start.duration(to: reactor.now)) } }
        reactor.callLater(pause) { step(rest - 1) }
    }
    step(number)
}

/// A user's own reactor that wraps another: it counts connects.
private final class CountingReactor<Base: ReactorStreams>: ReactorStreams {
    private let base: Base
    private(set) var connects = 0

    init(_ base: Base) {
        self.base = base
    }

    var now: ReactorInstant { base.now }
    func callSoon(_ body: @escaping () -> Void) { base.callSoon(body) }
    func callLater(_ delay: Duration, _ body: @escaping () -> Void) -> DelayedCall { base.callLater(delay, body) }

    func listen(
        _ endpoint: ServerEndpoint, options: ListenOptions, factory: Factory
    ) throws(ListenError) -> ListeningPort {
        try base.listen(endpoint, options: options, factory: factory)
    }

    func connect(
        _ endpoint: ClientEndpoint, options: StreamOptions, factory: Factory, onFailure: ((ConnectError) -> Void)?
    ) throws(AddressError) -> Connector {
        connects += 1
        return try base.connect(endpoint, options: options, factory: factory, onFailure: onFailure)
    }
}

@Suite("Code that is generic over the reactor")
struct ReactorProtocolTests {
    @Test(arguments: Setting.reactors)
    func oneFunctionServesAndAsksOnEveryReactor(_ setting: Setting) throws {
        var answer = ""
        try setting.run { world in
            let port = try serveShouting(on: world.reactor)
            try ask("hello", at: port.localAddress, on: world.reactor) {
                answer = $0
                world.finish()
            }
        }
        #expect(answer == "HELLO")
    }

    @Test(arguments: Setting.reactors)
    func oneFunctionWaitsOnEveryReactor(_ setting: Setting) throws {
        var took: Duration = .zero
        try setting.run { world in
            count(to: 3, every: .milliseconds(2), on: world.reactor) {
                took = $0
                world.finish()
            }
        }
        #expect(took >= .milliseconds(6))
    }

    @Test(arguments: Setting.reactors)
    func aReactorOfTheUsersOwnStandsInForAnother(_ setting: Setting) throws {
        var answer = ""
        try setting.run { world in
            let counting = CountingReactor(world.reactor)
            let port = try serveShouting(on: counting)
            try ask("hello", at: port.localAddress, on: counting) { [counting] in
                answer = $0
                #expect(counting.connects == 1)
                world.finish()
            }
        }
        #expect(answer == "HELLO")
    }
}
