import EventReactor
import Glibc
import Testing

/// Spurious readiness: the kernel reports a socket as readable, and the call moves no bytes.
@Suite("Contract 53: spurious readiness does not spin the loop")
struct UrgentByteTests {
    private static func sendUrgent(_ text: String, to peer: RawPeer) {
        let bytes = [UInt8](text.utf8)
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(peer.descriptor, $0.baseAddress, $0.count, Int32(MSG_OOB | MSG_NOSIGNAL))
        }
        #expect(count == bytes.count)
    }

    /// The other ends of two connections, which a test relays between.
    private static func peers(
        of source: Recorder, _ receiver: Recorder, _ world: World
    ) throws -> (RawPeer, RawPeer) {
        (
            try RawPeer(to: world.listen { source }.localAddress),
            try RawPeer(to: world.listen { receiver }.localAddress)
        )
    }

    /// Splicing stops at an urgent byte, and returns EAGAIN for ever.
    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line53ARelayGoesOnBehindAnUrgentByte(_ setting: Setting) throws {
        try setting.run { world in
            let (source, receiver) = (Recorder("source"), Recorder("receiver"))
            let (first, second) = try UrgentByteTests.peers(of: source, receiver, world)
            world.whenMade(source, receiver) {
                do { try source.transport.relay(to: receiver.transport) } catch { unexpected(error) }
                UrgentByteTests.sendUrgent("ab", to: first)
                world.settle {
                    first.send([UInt8]("c".utf8))
                    var text = ""
                    world.wait {
                        if case .bytes(let bytes) = second.receive() { text += String(decoding: bytes, as: UTF8.self) }
                        return text.hasSuffix("c")
                    } then: {
                        #expect(text == "ac")
                        world.expectSleep {
                            // The relay splices on.
                            let more = Pattern.bytes(300_000)
                            var rest = more[...]
                            var count = 0
                            world.wait {
                                rest = rest.dropFirst(max(0, first.send([UInt8](rest))))
                                if case .bytes(let bytes) = second.receive() { count += bytes.count }
                                return count == more.count
                            } then: {
                                world.finish()
                            }
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line53AnUrgentByteKeepsNoConnectionBusy(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let peer = try RawPeer(to: world.listen { server }.localAddress)
            world.whenMade(server) {
                UrgentByteTests.sendUrgent("ab", to: peer)
                world.wait(until: { server.text == "a" }) {
                    world.expectSleep {
                        peer.send([UInt8]("c".utf8))
                        world.wait(until: { server.text == "ac" }) { world.expectSleep { world.finish() } }
                    }
                }
            }
        }
    }

    /// With the end behind it, splicing returns 0 at the urgent byte.
    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line53WhatIsBetweenAnUrgentByteAndTheEndIsRelayed(_ setting: Setting) throws {
        try setting.run { world in
            let (source, receiver) = (Recorder("source"), Recorder("receiver"))
            let (first, second) = try UrgentByteTests.peers(of: source, receiver, world)
            world.whenMade(source, receiver) {
                for text in ["ab", "cd", "e"] { UrgentByteTests.sendUrgent(text, to: first) }
                first.send([UInt8]("rest".utf8))
                first.shutdownWrite()
                world.settle {
                    do { try source.transport.relay(to: receiver.transport) } catch { unexpected(error) }
                    source.transport.resumeReading()
                    var text = ""
                    world.wait {
                        let received = second.receive()
                        if case .bytes(let bytes) = received { text += String(decoding: bytes, as: UTF8.self) }
                        return received == .end
                    } then: {
                        #expect(text.hasSuffix("rest"), "\(text)")
                        world.finish()
                    }
                }
            }
            source.onMade = { $0.transport.pauseReading() }
        }
    }

    @Test(arguments: Setting.all.filter(\.admitsRawPeers))
    func line53AnUrgentByteBeforeTheEndHidesNoEnd(_ setting: Setting) throws {
        try setting.run { world in
            let (source, receiver) = (Recorder("source"), Recorder("receiver"))
            let (first, second) = try UrgentByteTests.peers(of: source, receiver, world)
            world.whenMade(source, receiver) {
                do { try source.transport.relay(to: receiver.transport) } catch { unexpected(error) }
                UrgentByteTests.sendUrgent("ab", to: first)
                first.shutdownWrite()
                var text = ""
                world.wait {
                    let received = second.receive()
                    if case .bytes(let bytes) = received { text += String(decoding: bytes, as: UTF8.self) }
                    return received == .end
                } then: {
                    #expect(text == "a")
                    world.finish()
                }
            }
        }
    }
}
