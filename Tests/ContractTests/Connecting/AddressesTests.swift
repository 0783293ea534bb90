import EventReactor
import EventReactorPosix
import Glibc
import Testing

@Suite("Contract 22: addresses, and connecting by name")
struct AddressesTests {
    @Test(arguments: Setting.all)
    func line22BothEndsAgreeCrosswise(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { server in
                // The client has its end by now, or gets it in this turn.
                world.afterTurns {
                    #expect(client.transport.peerAddress == server.transport.localAddress)
                    #expect(server.transport.peerAddress == client.transport.localAddress)
                    if setting.transport == .unix {
                        #expect(server.transport.peerAddress == .unnamedUnix)
                        #expect(client.transport.localAddress.path == nil)
                        #expect(client.transport.peerAddress.path != nil)
                    } else {
                        #expect(client.transport.localAddress.host == world.loopback)
                        #expect(client.transport.localAddress.port != client.transport.peerAddress.port)
                    }
                    world.finish()
                }
            }
        }
    }

    @Test(arguments: Setting.all, [false, true])
    func line22TheyAreReadableAfterTheLoss(_ setting: Setting, isAborted: Bool) throws {
        let server = Recorder("server")
        let client = Recorder("client")
        var listening: SocketAddress?
        func check() {
            // Asked for the first time after the loss.
            #expect(client.transport.peerAddress == listening)
            #expect(server.transport.localAddress == listening)
            #expect(server.transport.peerAddress == client.transport.localAddress)
            #expect((client.transport.localAddress == .unnamedUnix) == (setting.transport == .unix))
        }
        try setting.run { world in
            let port = try world.listen { server }
            listening = port.localAddress
            // Not before the client has its end: a reset that comes first is a connect that failed.
            client.onMade = { $0.transport.write("made") }
            server.onData = { server, _ in
                if isAborted { server.transport.abortConnection() } else { server.transport.loseConnection() }
            }
            func lost(_ recorder: Recorder, _ reason: ConnectionLostReason) {
                guard client.reason != nil && server.reason != nil else { return }
                check()
                world.finishSoon()
            }
            server.onLost = lost
            client.onLost = lost
            try world.connect(to: port.localAddress) { client }
        }
        check()
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers))
    func line22AScopeSurvives(_ setting: Setting) throws {
        guard let address = linkLocalAddress() else { return }
        try setting.run { world in
            let server = Recorder("server")
            let client = Recorder("client")
            let port = try world.reactor.listenTCP(port: 0, host: try #require(address.host)) { server }
            #expect(port.localAddress.host == address.host)
            #expect(port.localAddress.host?.contains("%") == true)
            client.onMade = { client in
                #expect(client.transport.peerAddress == port.localAddress)
                #expect(client.transport.localAddress.host == address.host)
                client.transport.loseConnection()
            }
            server.onLost = { server, _ in
                #expect(server.transport.localAddress == port.localAddress)
                #expect(server.transport.peerAddress == client.transport.localAddress)
                world.finish()
            }
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.withPorts)
    func line22WhatIsConnectedToIsNotWhatWasWrittenButWhereItLed(_ setting: Setting) throws {
        let hosts = setting.transport == .tcp6 ? ["::", "::1%1"] : ["0.0.0.0", "::ffff:127.0.0.1", "::ffff:0.0.0.0"]
        for host in hosts {
            try setting.run { world in
                let (server, client) = (Recorder("server"), Recorder("client"))
                let port = try world.listen { server }
                server.onMade = { server in
                    world.afterTurns {
                        #expect(client.transport.peerAddress == server.transport.localAddress, "\(host)")
                        #expect(server.transport.peerAddress == client.transport.localAddress, "\(host)")
                        world.finish()
                    }
                }
                try world.reactor.connectTCP(host: host, port: try #require(port.localAddress.port)) { client }
            }
        }
    }

    // MARK: Names

    @Test(arguments: Setting.reactors)
    func line22NoNameAppearsInAnAddress(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = (Recorder("server"), Recorder("client"))
            let port = try world.reactor.listenTCP(port: 0, host: "localhost") { server }
            client.onMade = { client in
                for address in [client.transport.peerAddress, client.transport.localAddress] + port.localAddresses {
                    #expect(throws: Never.self) { try SocketAddress(ip: try #require(address.host), port: 0) }
                }
                #expect(port.localAddresses.contains(client.transport.peerAddress))
                world.finish()
            }
            try world.reactor.connectTCP(host: "localhost", port: try #require(port.localAddress.port)) { client }
        }
    }

    @Test(arguments: Setting.withPorts)
    func line22AServerOnOneFamilyAloneIsFoundByName(_ setting: Setting) throws {
        try setting.run { world in
            let named = try world.reactor.listenTCP(port: 0, host: "localhost") { nil }
            let isFamilyNamed = named.localAddresses.contains { $0.host == world.loopback }
            named.stopListening()
            guard isFamilyNamed else { return world.finishSoon() }
            let port = try world.listen { Recorder("server") }
            let client = Recorder("client")
            client.onMade = { client in
                #expect(client.transport.peerAddress == port.localAddress)
                world.finish()
            }
            try world.reactor.connectTCP(host: "localhost", port: try #require(port.localAddress.port)) { client }
        }
    }

    // MARK: The address to connect from

    @Test(arguments: Setting.withPorts)
    func line22TheAddressToConnectFromIsTaken(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = (Recorder("server"), Recorder("client"))
            let port = try world.listen { server }
            let local = try world.unusedAddress()
            server.onMade = { server in
                #expect(server.transport.peerAddress == local)
                world.finish()
            }
            try world.reactor.connectTCP(
                host: world.loopback, port: try #require(port.localAddress.port), bindAddress: local, { client })
        }
    }

    @Test(arguments: Setting.withPorts.filter(\.admitsRawPeers), [false, true])
    func line22AConnectionOfASocketToItselfIsRefused(_ setting: Setting, toWildcard: Bool) throws {
        let outcome = Outcome()
        try setting.run { world in
            let address = try world.unusedAddress()
            outcome.onFailure = { _ in world.finishSoon() }
            outcome.client.onMade = { _ in world.finishSoon() }
            let wildcard = setting.transport == .tcp6 ? "::" : "0.0.0.0"
            try world.reactor.connectTCP(
                host: toWildcard ? wildcard : world.loopback, port: try #require(address.port), bindAddress: address,
                { outcome.makeProtocol() }, onFailure: { outcome.failed($0) })
        }
        guard case .refused? = outcome.failures.first else { return unexpected(outcome.failures.first) }
    }

    /// A link-local address of this machine, if it has one.
    private func linkLocalAddress() -> SocketAddress? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return nil }
        defer { unsafe freeifaddrs(list) }
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            guard let form = unsafe entry.pointee.ifa_addr, unsafe Int32(form.pointee.sa_family) == AF_INET6 else {
                continue
            }
            let address = unsafe SocketAddress(
                kernelForm: form, length: socklen_t(MemoryLayout<sockaddr_in6>.size))
            if address.host?.hasPrefix("fe80:") == true { return address }
        }
        return nil
    }
}
