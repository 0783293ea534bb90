import EventReactor
import EventReactorPosix
import Glibc
import Testing

@testable import EventReactorCore

@Suite("Contract 44: descriptors that cannot be adopted")
struct AdoptErrorTests {
    @Test(arguments: Setting.kernelReactors)
    func line44ADescriptorThatIsNoSocketIsATypedError(_ setting: Setting) throws {
        try setting.run { world in
            var ends: [Int32] = [0, 0]
            try #require(unsafe pipe(&ends) == 0)
            let file = unsafe open("/dev/null", O_RDONLY)
            for descriptor in ends + [file] {
                expect(.notASocket(descriptor: descriptor), at: descriptor, world)
                #expect(close(descriptor) == 0)
            }
            for descriptor in [-1, Int32.min, Int32.max, 1_000_000] {
                expect(.notOpen(descriptor: descriptor), at: descriptor, world)
            }
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func line44AnUnknownFamilyIsATypedError(_ setting: Setting) throws {
        try setting.run { world in
            let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 0)
            try #require(descriptor >= 0)
            expect(.unknownFamily(descriptor: descriptor, family: AF_NETLINK), at: descriptor, world)
            #expect(close(descriptor) == 0)
            world.finishSoon()
        }
    }

    @Test(arguments: [Setting.Transport.tcp4, .tcp6, .unix])
    func line44ASocketOfAnotherKindIsATypedError(_ transport: Setting.Transport) throws {
        for setting in Setting.transports where setting.transport == transport && setting.isOnKernel {
            try setting.run { world in
                let address = try world.unusedAddress()
                let datagrams = try RawSocket(address.family, type: SOCK_DGRAM)
                expect(.notAStream(descriptor: datagrams.descriptor), at: datagrams.descriptor, world)

                let stream = try RawSocket(address.family)
                expectPort(.notListening(descriptor: stream.descriptor), at: stream.descriptor, world)
                expectConnection(.notConnected(descriptor: stream.descriptor), at: stream.descriptor, world)
                #expect(stream.bind(to: address))
                expectPort(.notListening(descriptor: stream.descriptor), at: stream.descriptor, world)
                #expect(stream.listen(backlog: 8))
                expectConnection(.notConnected(descriptor: stream.descriptor), at: stream.descriptor, world)
                let client = try RawPeer(to: stream.address)
                expectPort(.notListening(descriptor: client.descriptor), at: client.descriptor, world)
                world.finishSoon()
            }
        }
    }

    @Test(arguments: Setting.reactors.filter { !$0.isOnKernel })
    func aReactorWithoutAKernelSaysSo(_ setting: Setting) throws {
        try setting.run { world in
            expect(.unsupported, at: 0, world)
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.kernelReactors)
    func afterAnErrorAllDescriptorsAreTheCallersAndNothingListens(_ setting: Setting) throws {
        try setting.run { world in
            let first = try RawSocket(.ipv4)
            #expect(first.bind(to: try SocketAddress(ip: "127.0.0.1", port: 0)) && first.listen(backlog: 8))
            let second = try RawSocket(.ipv4)
            let factory = CountingFactory()
            let error = #expect(throws: ListenError.self) {
                try world.reactor.listen(.inherited([first.descriptor, second.descriptor]), factory: factory)
            }
            #expect(error == .notAdoptable(.notListening(descriptor: second.descriptor)))
            #expect(throws: ListenError.notAdoptable(.nothing)) {
                try world.reactor.listen(.inherited([]), factory: factory)
            }
            #expect(factory.starts == factory.stops)
            #expect(world.reactor.ports.isEmpty)
            // It still listens, and this reactor does not accept.
            let client = try RawPeer(to: first.address)
            world.afterTurns {
                let accepted = accept(first.descriptor, nil, nil)
                #expect(accepted >= 0)
                close(accepted)
                client.close()
                world.finish()
            }
        }
    }

    private func expect(_ error: AdoptError, at descriptor: Int32, _ world: World) {
        expectPort(error, at: descriptor, world)
        expectConnection(error, at: descriptor, world)
    }

    private func expectPort(_ error: AdoptError, at descriptor: Int32, _ world: World) {
        #expect(throws: ListenError.notAdoptable(error)) {
            try world.reactor.listen(.inherited([descriptor])) { Recorder() }
        }
    }

    private func expectConnection(_ error: AdoptError, at descriptor: Int32, _ world: World) {
        #expect(throws: error) { try world.reactor.adoptStreamConnection(descriptor, protocol: Recorder()) }
    }
}

private final class CountingFactory: Factory {
    private(set) var starts = 0
    private(set) var stops = 0
    override func start() { starts += 1 }
    override func stop() { stops += 1 }
}
