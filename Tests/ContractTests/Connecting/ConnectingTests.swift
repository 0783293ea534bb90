import EventReactor
import Testing

@Suite("Contract 19: connects that fail")
struct ConnectingTests {
    /// Runs one connect that has to fail, once, and returns its error.
    private func failure(
        of setting: Setting, _ connect: (World, Outcome) throws -> Void
    ) throws -> ConnectError? {
        let outcome = Outcome()
        try setting.run { world in
            outcome.onFailure = { _ in
                // A second failure would come within a few turns, or with a timer.
                world.reactor.callLater(.milliseconds(30)) { world.finishSoon() }
            }
            try outcome.without { try connect(world, outcome) }
        }
        #expect(outcome.failures.count == 1)
        #expect(outcome.connections == 0)
        #expect(outcome.client.calls.isEmpty)
        return outcome.failures.first
    }

    @Test(arguments: Setting.all)
    func line19RefusedIsReportedOnce(_ setting: Setting) throws {
        var address: SocketAddress?
        let error = try failure(of: setting) { world, outcome in
            let unused = try world.unusedAddress()
            address = unused
            try world.connect(to: unused, outcome: outcome)
        }
        guard case .refused(let cause)? = error else { return unexpected(error) }
        #expect(cause.address == address)
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line19TimedOutIsReportedOnce(_ setting: Setting) throws {
        var peer: SilentPeer?
        let error = try failure(of: setting) { world, outcome in
            let silent = try SilentPeer(world)
            peer = silent
            try world.connect(to: silent.address, timeout: .milliseconds(100), outcome: outcome)
        }
        guard case .timedOut(let time, let target)? = error else { return unexpected(error) }
        #expect(time == .milliseconds(100))
        #expect(target == peer?.address.description)
    }

    @Test(arguments: Setting.transports, [Duration.zero, .seconds(-1), .nanoseconds(1)])
    func line19ATimeThatIsUpAtOnceIsReportedOnce(_ setting: Setting, _ timeout: Duration) throws {
        let outcome = Outcome()
        try setting.run { world in
            let port = try world.listen { Recorder() }
            // The connection may win against the shortest of times; two outcomes would be wrong.
            outcome.onFailure = { _ in world.finishSoon() }
            outcome.client.onMade = { _ in world.finishSoon() }
            try world.connect(to: port.localAddress, timeout: timeout, outcome: outcome)
        }
        #expect(outcome.failures.count + outcome.connections == 1)
    }

    @Test(arguments: Setting.transports)
    func line19ATimeOfCenturiesAndNoTimeAtAllConnect(_ setting: Setting) throws {
        for timeout in [Duration.seconds(Int64.max), nil] {
            try setting.run { world in
                let port = try world.listen { Recorder() }
                let outcome = Outcome()
                outcome.client.onMade = { _ in world.finish() }
                try world.connect(to: port.localAddress, timeout: timeout, outcome: outcome)
            }
        }
    }

    @Test(arguments: Setting.reactors)
    func line19UnresolvableIsReportedOnce(_ setting: Setting) throws {
        let error = try failure(of: setting) { world, outcome in
            try world.reactor.connectTCP(
                host: "no-such-host.invalid", port: 9, { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
        }
        guard case .unresolvable(let host, let message)? = error else { return unexpected(error) }
        #expect(host == "no-such-host.invalid")
        #expect(!message.isEmpty)
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers))
    func line19UnreachableIsReportedOnce(_ setting: Setting) throws {
        let error = try failure(of: setting) { world, outcome in
            // TCP has no way to a multicast group, on any machine.
            try world.reactor.connectTCP(
                host: "ff02::1%1", port: 9, { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
        }
        guard case .unreachable(let cause)? = error else { return unexpected(error) }
        #expect(cause.name == "ENETUNREACH")
        #expect(cause.address?.port == 9)
    }

    @Test(arguments: Setting.all)
    func line19CancelledIsReportedOnce(_ setting: Setting) throws {
        let error = try failure(of: setting) { world, outcome in
            let port = try world.listen { Recorder() }
            try world.connect(to: port.localAddress, outcome: outcome).cancel()
        }
        guard case .cancelled? = error else { return unexpected(error) }
    }

    @Test(arguments: Setting.withPorts)
    func line19BindFailedIsReportedOnce(_ setting: Setting) throws {
        // An address that no machine has, and one of the other family.
        let other = setting.transport == .tcp6 ? "198.51.100.7" : "2001:db8::7"
        let stranger = setting.transport == .tcp6 ? "2001:db8::7" : "198.51.100.7"
        for (host, name) in [(stranger, "EADDRNOTAVAIL"), (other, "EAFNOSUPPORT")] {
            let local = try SocketAddress(ip: host, port: 0)
            let error = try failure(of: setting) { world, outcome in
                let port = try world.listen { Recorder() }
                try world.reactor.connectTCP(
                    host: world.loopback, port: try #require(port.localAddress.port), bindAddress: local,
                    { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
            }
            guard case .bindFailed(let cause)? = error else { return unexpected(error) }
            #expect(cause.name == name)
            #expect(cause.address == local)
        }
    }

    @Test(arguments: Setting.withPorts)
    func line19APortInUseToConnectFromIsABindFailure(_ setting: Setting) throws {
        var taken: SocketAddress?
        let error = try failure(of: setting) { world, outcome in
            let port = try world.listen { Recorder() }
            taken = port.localAddress
            try world.reactor.connectTCP(
                host: world.loopback, port: try #require(port.localAddress.port), bindAddress: port.localAddress,
                { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
        }
        guard case .bindFailed(let cause)? = error else { return unexpected(error) }
        #expect(cause.name == "EADDRINUSE")
        #expect(cause.address == taken)
    }

    @Test(arguments: Setting.transports)
    func line19WithoutACallbackTheFailureIsADiagnostic(_ setting: Setting) throws {
        try setting.run { world in
            var seen: [String] = []
            world.reactor.onDiagnostic = { diagnostic in
                seen.append("\(diagnostic)")
                world.afterTurns {
                    #expect(seen.count == 1)
                    #expect(seen.first?.contains("cannot connect") == true)
                    world.finish()
                }
            }
            let address = try world.unusedAddress()
            if let path = address.path {
                try world.reactor.connectUNIX(path: path) { Recorder() }
            } else {
                try world.reactor.connectTCP(host: world.loopback, port: try #require(address.port)) { Recorder() }
            }
        }
    }

    @Test(arguments: Setting.transports)
    func line19AConnectThatFailedCanBeMadeAgainInItsCallback(_ setting: Setting) throws {
        try setting.run { world in
            let address = try world.unusedAddress()
            var failures = 0
            func tryAgain() throws {
                let client = Recorder("client")
                client.onMade = { _ in
                    #expect(failures == 5)
                    world.finish()
                }
                try world.connect(to: address) {
                    client
                } onFailure: { _ in
                    failures += 1
                    do {
                        if failures == 5 { try world.listen(at: address) { Recorder() } }
                        try tryAgain()
                    } catch {
                        unexpected(error)
                    }
                }
            }
            try tryAgain()
        }
    }
}
