import EventReactor
import EventReactorCore
import Testing

@Suite("Contract 36-39: reading that is paused, and bytes that wait")
struct PausedTests {
    /// Turns that a second of waiting may take: one that spins takes many thousands.
    private static let fewTurns: UInt64 = 200

    /// Both ends have ended their side, which the kernel reports for as long as it lasts, and one does not read.
    @Test(arguments: Setting.all)
    func line37AnEndThatIsNotReadYetDoesNotSpin(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.closesWithPeer = false
            client.closesWithPeer = false
            server.onMade = { server in
                server.transport.pauseReading()
                server.transport.loseWriteConnection()
            }
            client.onReadLost = { client in
                client.transport.write("last words")
                client.transport.loseWriteConnection()
                let before = world.reactor.turnNumber
                world.reactor.callLater(.milliseconds(200)) {
                    #expect(world.reactor.turnNumber - before < PausedTests.fewTurns)
                    #expect(server.received.isEmpty)
                    #expect(!server.calls.contains("readLost"))
                    server.transport.resumeReading()
                }
            }
            server.onLost = { server, reason in
                #expect(server.text == "last words")
                #expect(server.calls.suffix(3) == ["data", "readLost", "lost"])
                #expect(reason.isDone)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.all)
    func line37BytesThatAreNotReadYetDoNotSpin(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { $0.transport.pauseReading() }
            client.onMade = { client in
                client.transport.write([UInt8](repeating: 7, count: 1000))
                world.reactor.callLater(.milliseconds(50)) {
                    let before = world.reactor.turnNumber
                    world.reactor.callLater(.milliseconds(200)) {
                        #expect(world.reactor.turnNumber - before < PausedTests.fewTurns)
                        #expect(server.received.isEmpty)
                        client.transport.loseConnection()
                        server.transport.resumeReading()
                    }
                }
            }
            server.onLost = { server, _ in
                #expect(server.received.count == 1000)
                world.finish()
            }
        }
    }

    @Test(arguments: Setting.withReset)
    func line37AResetIsNoticedWhileReadingIsPausedAndBytesWait(_ setting: Setting) throws {
        try setting.run { world in
            let (server, client) = try world.pair()
            server.onMade = { server in
                server.transport.pauseReading()
                // More than the kernel takes, so that the rest waits.
                server.transport.write([UInt8](repeating: 1, count: 16_000_000))
            }
            client.onMade = { client in
                client.transport.pauseReading()
                client.transport.write("unread")
                world.reactor.callLater(.milliseconds(50)) { client.transport.abortConnection() }
            }
            server.onLost = { _, reason in
                #expect(reason.lostCode != nil)
                world.finish()
            }
        }
    }

    /// Every kind of pause at once: both ends send much and read in fits, and what waits stays within the marks.
    @Test(arguments: Setting.all)
    func line39BothWaysAtOnceWithPausesNothingIsLostAndLittleWaits(_ setting: Setting) throws {
        let total = 500_000
        let piece = 10_007
        let pattern = (0..<total).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try setting.run { world in
            let (server, client) = try world.pair()
            var ended = 0
            for end in [server, client] {
                var sent = 0
                var mayWrite = true
                func fill() {
                    while mayWrite && sent < total {
                        let count = min(piece, total - sent)
                        end.transport.write([UInt8](pattern[sent..<sent + count]))
                        sent += count
                        #expect(end.transport.bufferedByteCount <= 64 * 1024 + 300_000)
                        if end.transport.bufferedByteCount > 64 * 1024 { break }
                    }
                    if sent == total {
                        sent += 1
                        end.transport.loseWriteConnection()
                    }
                }
                var reads = 0
                end.closesWithPeer = false
                end.onMade = { _ in fill() }
                end.onPause = { _ in mayWrite = false }
                end.onResume = { _ in
                    mayWrite = true
                    fill()
                }
                end.onData = { end, _ in
                    reads += 1
                    guard reads % 5 == 0 else { return }
                    end.transport.pauseReading()
                    world.reactor.callLater(.milliseconds(1)) { end.transport.resumeReading() }
                }
                end.onLost = { end, reason in
                    #expect(reason.isDone)
                    #expect((end.received == pattern) as Bool)
                    ended += 1
                    if ended == 2 { world.finish() }
                }
            }
        }
    }
}
