import EventReactor
import Testing

@Suite("Contract 19, 21: cancelling a connect, and stopping meanwhile")
struct CancellingTests {
    /// Moments at which a connect that would succeed can be cancelled.
    enum Moment: CaseIterable, Sendable {
        case atOnce, twice, nextTurn, fromATimer, inTheFactory, whenMade, whenLost
    }

    @Test(arguments: Setting.all, Moment.allCases)
    func line21CancellingAtAnyMomentEndsInOneOutcome(_ setting: Setting, _ moment: Moment) throws {
        let outcome = Outcome()
        var connector: Connector?
        func cancel() {
            outcome.without { connector?.cancel() }
            #expect(connector?.isConnecting == false)
        }
        try setting.run { world in
            let port = try world.listen { Recorder("server") }
            outcome.onFailure = { error in
                cancel()
                guard case .cancelled = error else { return unexpected(error) }
                world.finishSoon()
            }
            outcome.client.onMade = { client in
                #expect(connector?.isConnecting == false)
                if moment == .whenMade || moment == .twice { cancel() }
                #expect(!client.transport.isClosing, "an established connection is left alone")
                client.transport.loseConnection()
            }
            outcome.client.onLost = { _, reason in
                cancel()
                #expect(reason.isDone)
                world.finishSoon()
            }
            connector = try outcome.without {
                try world.connect(
                    to: port.localAddress,
                    {
                        if moment == .inTheFactory { connector?.cancel() }
                        return outcome.makeProtocol()
                    }, onFailure: { outcome.failed($0) })
            }
            #expect(connector?.isConnecting == true)
            switch moment {
            case .atOnce: cancel()
            case .twice:
                cancel()
                cancel()
            case .nextTurn: world.reactor.callSoon(cancel)
            case .fromATimer: world.reactor.callLater(.zero, cancel)
            case .inTheFactory, .whenMade, .whenLost: break
            }
        }
        #expect(outcome.failures.count + outcome.connections == 1)
        if moment == .atOnce { #expect(outcome.connections == 0) }
        connector?.cancel()
    }

    @Test(arguments: Setting.reactors)
    func line21CancellingWhileTheNameIsResolvedIsReportedOnce(_ setting: Setting) throws {
        let outcome = Outcome()
        try setting.run { world in
            outcome.onFailure = { error in
                guard case .cancelled = error else { return unexpected(error) }
                // The resolver's answer is still to come, and must reach no one.
                world.reactor.callLater(.milliseconds(50)) { world.finish() }
            }
            for _ in 0..<4 {
                try world.reactor.connectTCP(
                    host: "no-such-host.invalid", port: 9, { nil }, onFailure: { _ in }
                ).cancel()
            }
            let connector = try world.reactor.connectTCP(
                host: "localhost", port: 9, { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
            outcome.without { connector.cancel() }
        }
        #expect(outcome.failures.count == 1)
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line21CancellingWhileThePeerIsSilentIsReportedOnce(_ setting: Setting) throws {
        let outcome = Outcome()
        var peer: SilentPeer?
        try setting.run { world in
            let silent = try SilentPeer(world)
            peer = silent
            let connector = try world.connect(to: silent.address, outcome: outcome)
            outcome.onFailure = { _ in world.finishSoon() }
            // A timer retries a UNIX connect while the backlog is full: it is cancelled between two attempts.
            world.reactor.callLater(.milliseconds(50)) { outcome.without { connector.cancel() } }
        }
        #expect(outcome.failures.count == 1)
        #expect(peer != nil)
    }

    /// The ways to stop the reactor while a connect is under way.
    enum Stop: CaseIterable, Sendable {
        case plain, draining, fromTheQueue, drainingFromTheQueue, cancelledBefore, cancelledBeforeInTheQueue, inAHook
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers), Stop.allCases)
    func line21StoppingTheReactorCancelsWhatIsConnecting(_ setting: Setting, _ stop: Stop) throws {
        let outcome = Outcome()
        var peer: SilentPeer?
        try setting.run { world in
            let reactor = world.reactor
            let silent = try SilentPeer(world)
            peer = silent
            let connector = try world.connect(to: silent.address, outcome: outcome)
            switch stop {
            case .plain: reactor.callLater(.zero) { try? reactor.stop() }
            case .draining: reactor.callLater(.zero) { try? reactor.stop(drainingFor: .seconds(1)) }
            case .fromTheQueue: reactor.callSoon { try? reactor.stop() }
            case .drainingFromTheQueue: reactor.callSoon { try? reactor.stop(drainingFor: .seconds(1)) }
            case .cancelledBefore:
                reactor.callLater(.zero) {
                    outcome.without { connector.cancel() }
                    try? reactor.stop()
                }
            case .cancelledBeforeInTheQueue:
                reactor.callSoon {
                    outcome.without { connector.cancel() }
                    try? reactor.stop()
                }
            case .inAHook:
                reactor.onShutdown { outcome.without { connector.cancel() } }
                reactor.callSoon { try? reactor.stop() }
            }
        }
        guard case .cancelled? = outcome.failures.first, outcome.failures.count == 1 else {
            return unexpected(outcome.failures.first)
        }
        #expect(peer != nil)
    }

    @Test(arguments: Setting.transports)
    func line21ConnectsBegunAsConnectionsAreLostEndOnceToo(_ setting: Setting) throws {
        try setting.run { world in
            let reactor = world.reactor
            let cancelled = Outcome()
            let later = Outcome()
            later.onFailure = { _ in world.finishSoon() }
            let (_, client) = try world.pair()
            let address = try world.unusedAddress()
            client.onMade = { _ in try reactor.stop() }
            client.onLost = { _, _ in
                do {
                    let connector = try world.connect(to: address, outcome: cancelled)
                    cancelled.without { connector.cancel() }
                    try world.connect(to: address, outcome: later)
                } catch {
                    unexpected(error)
                }
            }
            try reactor.run()
            #expect(cancelled.failures.count == 1)
            // The next run goes on with the other.
            #expect(later.failures.isEmpty)
        }
    }

    @Test(arguments: Setting.transports)
    func line21AConnectorMayOutliveItsReactor(_ setting: Setting) throws {
        var connector: Connector?
        do {
            let world = try World(setting, ReactorConfiguration())
            let port = try world.listen { Recorder() }
            connector = try world.connect(to: port.localAddress, { Recorder() })
        }
        connector?.cancel()
        connector?.cancel()
        #expect(connector?.isConnecting == false)
    }
}
