import EventReactor
import Glibc
import Testing

/// A UNIX peer that shuts its reading side and stays: every write fails with EPIPE, and no end ever arrives.
@Suite("Contract 49: a peer that stops reading and stays")
struct StoppedReaderTests {
    private static let unix = Setting.all.filter { $0.transport == .unix }

    /// Runs a connection to a peer whose reading side the test shuts.
    ///
    /// - Parameters:
    ///   - check: called when the connection has been lost with EPIPE.
    ///   - prepare: sets up the server's end.
    private func run(
        _ setting: Setting, check: @escaping (Recorder) -> Void = { _ in },
        _ prepare: (World, Recorder, RawPeer) throws -> Void
    ) throws {
        try setting.run { world in
            let server = Recorder("server")
            server.onLost = { server, reason in
                #expect(reason.lostCode == EPIPE)
                check(server)
                world.finish()
            }
            try prepare(world, server, RawPeer(to: world.listen { server }.localAddress))
        }
    }

    @Test(arguments: unix)
    func line49AWriteEndsTheConnectionInItsTurn(_ setting: Setting) throws {
        try run(setting) { world, server, peer in
            server.onMade = { server in
                server.transport.pauseReading()
                world.settle {
                    peer.shutdownRead()
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

    @Test(arguments: unix)
    func line49WhatArrivedBeforeIsDeliveredFirst(_ setting: Setting) throws {
        try run(setting, check: { #expect($0.text == "qrest") }) { _, server, peer in
            server.onMade = { _ in
                peer.shutdownRead()
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
    @Test(arguments: unix)
    func line49APeerThatNeverStopsSendingIsEndedToo(_ setting: Setting) throws {
        try run(setting) { _, server, peer in
            let noise = Pattern.bytes(50_000)
            server.onMade = { _ in
                peer.shutdownRead()
                peer.send(noise)
            }
            server.onData = { server, _ in
                peer.send(noise)
                server.transport.write("stop")
            }
        }
    }

    @Test(arguments: unix)
    func line49AFileAndItsCompletionEndToo(_ setting: Setting) throws {
        var losses: [Int32?] = []
        try run(setting, check: { _ in #expect(losses == [EPIPE]) }) { world, server, peer in
            let file = try PatternFile(world, 1_000_000)
            server.onMade = { server in
                peer.shutdownRead()
                try server.transport.sendFile(file.open()) { result in
                    if case .failure(let error) = result { losses.append(error.loss?.reason.lostCode) }
                }
            }
        }
    }

    /// The kernel takes no more by then, and reports neither room nor an error.
    @Test(arguments: unix, [false, true])
    func line49APeerThatStopsReadingWhileBytesWaitIsNoticed(_ setting: Setting, sendsFile: Bool) throws {
        try run(setting) { world, server, peer in
            let file = try PatternFile(world, 3_000_000)
            server.onMade = { server in
                if sendsFile {
                    try server.transport.sendFile(file.open())
                } else {
                    server.transport.write(Pattern.bytes(3_000_000))
                }
                world.settle {
                    peer.shutdownRead()
                    if !sendsFile { server.transport.write("is anybody there?") }
                }
            }
        }
    }

    @Test(arguments: unix)
    func line49BothEndsOfARelayEnd(_ setting: Setting) throws {
        try setting.run { world in
            let (source, receiver) = (Recorder("source"), Recorder("receiver"))
            let first = try RawPeer(to: world.listen { source }.localAddress)
            let second = try RawPeer(to: world.listen { receiver }.localAddress)
            world.whenMade(source, receiver) {
                second.shutdownRead()
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
