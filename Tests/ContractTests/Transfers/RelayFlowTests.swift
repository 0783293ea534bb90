import EventReactor
import Testing

@Suite("Relays between ends that are slow")
struct RelayFlowTests {
    @Test(arguments: Setting.all)
    func aTargetThatDoesNotReadStopsTheClientAndTheLoopSleeps(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let total = 12_000_000
            var most = 0
            func look() {
                most = max(most, forwarding.heldByteCount)
                if !world.isFinished { world.reactor.callLater(.milliseconds(1)) { look() } }
            }
            forwarding.target.onMade = { $0.transport.pauseReading() }
            forwarding.client.onMade = { client in
                client.stream(total) { $0.transport.loseWriteConnection() }
                look()
            }
            func waitForStandstill(_ last: Int) {
                world.settle {
                    let count = forwarding.there?.byteCount ?? 0
                    guard count == last && count > 0 else { return waitForStandstill(count) }
                    world.expectSleep {
                        #expect(count < total)
                        #expect(forwarding.outgoing.transport.bufferedByteCount == 0)
                        forwarding.target.transport.resumeReading()
                    }
                }
            }
            world.whenMade(forwarding.target, forwarding.outgoing) { waitForStandstill(0) }
            forwarding.target.onReadLost = { $0.transport.loseConnection() }
            forwarding.finish {
                #expect(forwarding.target.received.count == total && Pattern.isFound(in: forwarding.target.received))
                // The low watermark, and the bytes that one turn receives.
                #expect(most <= 128 * 1024)
            }
        }
    }

    @Test(arguments: Setting.all)
    func pausesOfTheProgramHoldTheRelay(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let incoming = forwarding.incoming
            var dice = Dice(seed: 11)
            var flips = 0
            func flip() {
                guard incoming.reason == nil else { return }
                flips += 1
                incoming.withoutCallbacks { transport in
                    if dice.roll(2) == 0 { transport.pauseReading() } else { transport.resumeReading() }
                    if flips > 400 { transport.resumeReading() }
                }
                if flips <= 400 { world.reactor.callLater(.microseconds(dice.roll(300))) { flip() } }
            }
            forwarding.onBegun = {
                incoming.transport.pauseReading()
                world.settle {
                    world.expectSleep {
                        #expect(forwarding.there?.byteCount == 0)
                        incoming.transport.resumeReading()
                        flip()
                    }
                }
            }
            forwarding.client.onMade = { $0.stream(2_000_000) { $0.transport.loseWriteConnection() } }
            forwarding.target.onReadLost = { $0.transport.loseConnection() }
            forwarding.finish {
                #expect(forwarding.target.received.count == 2_000_000)
                #expect(Pattern.isFound(in: forwarding.target.received))
                #expect(forwarding.dataCalls == [])
            }
        }
    }

    /// Limits that are set in the middle apply to relayed bytes and to files, and lose nothing.
    @Test(arguments: Setting.all)
    func limitsMayComeAndGoInTheMiddle(_ setting: Setting) throws {
        try setting.run { world in
            let forwarding = try Forwarding(world)
            let file = try PatternFile(world, 1_000_000)
            forwarding.target.onMade = { target in
                try target.transport.sendFile(file.open()) { _ in target.transport.loseWriteConnection() }
            }
            forwarding.client.onMade = { $0.stream(1_000_000) { $0.transport.loseWriteConnection() } }
            world.wait(until: { (forwarding.there?.byteCount ?? 0) > 100_000 }) {
                for end in [forwarding.incoming, forwarding.outgoing, forwarding.target] {
                    end.transport.setRateLimit(RateLimit(readRate: 2_000_000, writeRate: 2_000_000))
                }
                world.reactor.callLater(.milliseconds(100)) {
                    for end in [forwarding.incoming, forwarding.target] { end.transport.setRateLimit(nil) }
                }
            }
            forwarding.finish {
                #expect(forwarding.target.received.count == 1_000_000)
                #expect(Pattern.isFound(in: forwarding.target.received))
                #expect(forwarding.client.received.count == 1_000_000)
                #expect(Pattern.isFound(in: forwarding.client.received))
            }
        }
    }
}
