import EventReactor
import Glibc
import Testing

/// A UNIX peer that shuts its reading side and stays: every write fails with EPIPE, and no end ever arrives.
@Suite("Contract 49: a peer that stops reading and stays")
struct StoppedReaderTests {
    /// A peer over UNIX sockets, whose reading side a test shuts.
    private static func peer(_ world: World, _ server: Recorder) throws -> RawPeer {
        try RawPeer(to: world.listen { server }.localAddress)
    }

    @Test(arguments: Setting.all.filter { $0.transport == .unix })
    func line49AWriteEndsTheConnectionInItsTurn(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let peer = try StoppedReaderTests.peer(world, server)
            server.onMade = { server in
                server.transport.pauseReading()
                world.settle {
                    shutdown(peer.descriptor, Int32(SHUT_RD))
                    server.transport.resumeReading()
                    world.settle {
                        let turn = world.reactor.turnNumber
                        server.onLost = { _, reason in
                            #expect(reason.lostCode == EPIPE)
                            // libevent sends a bufferevent's output in a turn of its own.
                            #expect(world.reactor.turnNumber <= turn + (setting.movement == .direct ? 0 : 2))
                            world.finish()
                        }
                        server.transport.write("is anybody there?")
                    }
                }
            }
        }
    }

    @Test(arguments: Setting.all.filter { $0.transport == .unix })
    func line49WhatArrivedBeforeIsDeliveredFirst(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let peer = try StoppedReaderTests.peer(world, server)
            server.onLost = { server, reason in
                #expect(reason.lostCode == EPIPE)
                #expect(server.text == "qrest")
                world.finish()
            }
            server.onMade = { _ in
                shutdown(peer.descriptor, Int32(SHUT_RD))
                peer.send([UInt8]("q".utf8))
            }
            server.onData = { server, bytes in
                if bytes == [UInt8]("q".utf8) {
                    peer.send([UInt8]("rest".utf8))
                    server.transport.write("answer")
                }
            }
        }
    }

    /// Bytes that it goes on sending do not delay the end.
    @Test(arguments: Setting.all.filter { $0.transport == .unix })
    func line49APeerThatNeverStopsSendingIsEndedToo(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let peer = try StoppedReaderTests.peer(world, server)
            let noise = Pattern.bytes(50_000)
            server.onMade = { _ in
                shutdown(peer.descriptor, Int32(SHUT_RD))
                peer.send(noise)
            }
            server.onData = { server, _ in
                peer.send(noise)
                server.transport.write("stop")
            }
            server.onLost = { _, reason in
                #expect(reason.lostCode == EPIPE)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.all.filter { $0.transport == .unix })
    func line49AFileAndItsCompletionEndToo(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let peer = try StoppedReaderTests.peer(world, server)
            let file = try PatternFile(world, 1_000_000)
            var losses: [Int32?] = []
            server.onMade = { server in
                shutdown(peer.descriptor, Int32(SHUT_RD))
                try server.transport.sendFile(file.open()) { result in
                    if case .failure(let error) = result { losses.append(error.loss?.reason.lostCode) }
                }
            }
            server.onLost = { _, reason in
                #expect(reason.lostCode == EPIPE)
                #expect(losses == [EPIPE])
                world.finish()
            }
        }
    }

    /// The kernel takes no more by then, and reports neither room nor an error.
    @Test(arguments: Setting.all.filter { $0.transport == .unix }, [false, true])
    func line49APeerThatStopsReadingWhileBytesWaitIsNoticed(_ setting: Setting, sendsFile: Bool) throws {
        try setting.run { world in
            let server = Recorder("server")
            let peer = try StoppedReaderTests.peer(world, server)
            let file = try PatternFile(world, 3_000_000)
            server.onMade = { server in
                if sendsFile {
                    try server.transport.sendFile(file.open())
                } else {
                    server.transport.write(Pattern.bytes(3_000_000))
                }
                world.settle {
                    shutdown(peer.descriptor, Int32(SHUT_RD))
                    if !sendsFile { server.transport.write("is anybody there?") }
                }
            }
            server.onLost = { _, reason in
                #expect(reason.lostCode == EPIPE)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.all.filter { $0.transport == .unix })
    func line49BothEndsOfARelayEnd(_ setting: Setting) throws {
        try setting.run { world in
            let (source, receiver) = (Recorder("source"), Recorder("receiver"))
            let first = try StoppedReaderTests.peer(world, source)
            let second = try StoppedReaderTests.peer(world, receiver)
            world.whenMade(source, receiver) {
                shutdown(second.descriptor, Int32(SHUT_RD))
                do {
                    try source.transport.relay(to: receiver.transport)
                    try receiver.transport.relay(to: source.transport)
                } catch {
                    unexpected(error)
                }
                first.send(Pattern.bytes(1000))
            }
            world.finishWhenLost(source, receiver) {
                #expect(receiver.reason?.lostCode == EPIPE)
                #expect(source.lostWith?.lostCode == EPIPE)
                // Until here: a peer that goes closes its socket.
                withExtendedLifetime((first, second)) {}
            }
        }
    }
}
