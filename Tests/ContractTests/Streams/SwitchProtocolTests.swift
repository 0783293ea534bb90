import EventReactor
import EventReactorCore
import Testing

@Suite("Contract 59: a protocol that takes a connection over")
struct SwitchProtocolTests {
    private struct Refusal: Error {}

    /// The server switches when the client's first byte arrives, whatever came with it.
    private func pair(
        _ world: World, next: Recorder, _ whenSwitched: @escaping (Recorder) -> Void = { _ in }
    ) throws -> (server: Recorder, client: Recorder) {
        let (server, client) = try world.pair()
        server.onData = { server, data in
            server.switchProtocol(to: next, unconsumed: data.span.extracting(droppingFirst: 1))
            #expect(next.calls.isEmpty)
            whenSwitched(server)
        }
        return (server, client)
    }

    @Test(arguments: Setting.all)
    func line59TheNextProtocolGetsTheRestAndWhatFollows(_ setting: Setting) throws {
        try setting.run { world in
            let next = Recorder("next")
            let (server, client) = try pair(world, next: next)
            client.onMade = { $0.transport.write("!rest") }
            next.onMade = { $0.transport.write("welcome") }
            client.onData = { client, _ in
                guard client.text == "welcome" else { return }
                client.transport.write(" and more")
                client.transport.loseWriteConnection()
            }
            world.finishWhenLost(next, client) {
                #expect(next.text == "rest and more")
                #expect(next.calls.prefix(2) == ["made", "data"])
                #expect(next.calls.suffix(2) == ["readLost", "lost"])
                #expect(next.reason?.isDone == true)
                // Silent since it switched.
                #expect(server.calls == ["made", "data"])
            }
        }
    }

    @Test(arguments: Setting.all)
    func line59TheRestWaitsWhileReadingIsPausedAndComesBeforeTheEnd(_ setting: Setting) throws {
        try setting.run { world in
            let next = Recorder("next")
            let (_, client) = try pair(world, next: next) { $0.transport.pauseReading() }
            client.onMade = { client in
                client.transport.write("!rest")
                client.transport.loseWriteConnection()
            }
            next.onMade = { next in
                world.reactor.callLater(.milliseconds(20)) {
                    #expect(next.calls == ["made"])
                    next.transport.resumeReading()
                    #expect(next.calls == ["made"])
                }
            }
            world.finishWhenLost(next, client) {
                #expect(next.text == "rest")
                #expect(next.calls == ["made", "data", "readLost", "lost"])
            }
        }
    }

    @Test(arguments: Setting.all)
    func line59OutsideACallbackTheBeginningComesBeforeTheBytes(_ setting: Setting) throws {
        try setting.run { world in
            let next = Recorder("next")
            let (server, client) = try world.pair()
            server.onMade = { server in
                server.transport.pauseReading()
                server.transport.write("go")
            }
            client.onData = { client, _ in
                client.transport.write("bytes")
                world.reactor.callLater(.milliseconds(20)) {
                    server.transport.resumeReading()
                    server.switchProtocol(to: next)
                    #expect(next.calls.isEmpty)
                }
            }
            next.onData = { next, _ in if next.text == "bytes" { next.transport.loseConnection() } }
            world.finishWhenLost(next, client) {
                #expect(next.text == "bytes")
                #expect(next.calls.first == "made")
                #expect(server.calls == ["made"])
            }
        }
    }

    @Test(arguments: Setting.all)
    func line59AnEndInTheSameCallbackStillBegins(_ setting: Setting) throws {
        for ends in [{ $0.loseConnection() }, { $0.abortConnection() }] as [(any Transport) -> Void] {
            try setting.run { world in
                let next = Recorder("next")
                let (server, client) = try pair(world, next: next) { ends($0.transport) }
                client.onMade = { $0.transport.write("!rest") }
                world.finishWhenLost(next, client) {
                    #expect(next.calls == ["made", "lost"])
                    #expect(server.calls == ["made", "data"])
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func line59AnErrorAfterTheSwitchIsTheNextOnesReason(_ setting: Setting) throws {
        try setting.run { world in
            let next = Recorder("next")
            let (server, client) = try world.pair()
            server.onData = { server, _ in
                server.switchProtocol(to: next)
                throw Refusal()
            }
            client.onMade = { $0.transport.write("!") }
            world.finishWhenLost(next, client) {
                #expect(next.calls == ["made", "lost"])
                guard case .failed(is Refusal)? = next.reason else {
                    Issue.record("\(String(describing: next.reason))")
                    return
                }
            }
        }
    }

    @Test(arguments: Setting.all)
    func line59SwitchesFollowOneAnother(_ setting: Setting) throws {
        try setting.run { world in
            let (second, third) = (Recorder("second"), Recorder("third"))
            let (server, client) = try pair(world, next: second)
            client.onMade = { $0.transport.write("!abc") }
            second.onMade = { $0.switchProtocol(to: third) }
            third.onData = { third, _ in
                // One that has been replaced replaces no other.
                server.switchProtocol(to: Recorder("late"))
                second.switchProtocol(to: Recorder("late"))
                if third.text == "abc" { third.transport.loseConnection() }
            }
            world.finishWhenLost(third, client) {
                #expect(second.calls == ["made"])
                #expect(third.text == "abc")
                #expect(third.calls.last == "lost")
            }
        }
    }

    @Test(arguments: Setting.all)
    func line59AProtocolThatServesAnotherConnectionIsRefused(_ setting: Setting) throws {
        try setting.run { world in
            var reports: [String] = []
            world.reactor.onDiagnostic = { reports.append("\($0)") }
            let (server, client) = try world.pair()
            server.onData = { server, _ in server.switchProtocol(to: client) }
            client.onMade = { $0.transport.write("!") }
            world.finishWhenLost(server, client) {
                #expect(reports.count == 1)
                #expect(reports.first?.contains("serves another connection") == true)
                #expect(server.calls == ["made", "data", "lost"])
            }
        }
    }

    @Test(arguments: Setting.all)
    func line59TheOneThatIsReplacedIsReleased(_ setting: Setting) throws {
        try setting.run { world in
            weak var replaced: Recorder?
            let next = Recorder("next")
            let client = Recorder("client")
            let port = try world.listen {
                let server = Recorder("server")
                server.onData = { server, _ in server.switchProtocol(to: next) }
                replaced = server
                return server
            }
            client.onMade = { $0.transport.write("!") }
            next.onMade = { next in
                world.reactor.callSoon {
                    #expect(replaced == nil)
                    next.transport.loseConnection()
                }
            }
            try world.connect(to: port.localAddress) { client }
            world.finishWhenLost(next, client) {}
        }
    }
}
