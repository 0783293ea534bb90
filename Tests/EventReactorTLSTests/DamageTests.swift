import COpenSSL
import EventReactorTLS
import EventReactorTesting
import Glibc
import Testing

/// Random damage to what a peer sends, in the handshake and after it.
///
/// `TLS_FUZZ_ROUNDS` sets the number of connections, 200 unless given, and `TLS_FUZZ_SEED` the first seed.
@Suite("TLS: damaged bytes")
struct DamageTests {
    private static func number(_ name: String, _ standard: Int) -> Int {
        unsafe getenv(name).flatMap { Int(unsafe String(cString: $0)) } ?? standard
    }

    /// Changes bytes: flips bits, cuts out, repeats, inserts, swaps, or replaces lengths.
    private static func damage(_ bytes: inout [UInt8], _ random: inout SystemSeed) {
        guard !bytes.isEmpty else { return }
        let at = random.below(bytes.count)
        let length = min(bytes.count - at, 1 + random.below(40))
        switch random.below(7) {
        case 0: bytes[at] ^= UInt8(1 << random.below(8))
        case 1: bytes.removeSubrange(at..<at + length)
        case 2: bytes.insert(contentsOf: bytes[at..<at + length], at: at)
        case 3: bytes.insert(contentsOf: (0..<length).map { _ in UInt8(random.below(256)) }, at: at)
        case 4: bytes.swapAt(at, random.below(bytes.count))
        case 5: bytes[at] = [0, 0xFF, 0x16, 0x17, 0x15, 0x14][random.below(6)]
        default: bytes.removeLast(length)
        }
    }

    /// Whatever arrives, nothing traps, no byte is delivered that was not sent, and the connection ends once.
    @Test func damagedBytesEndAConnectionAndNothingElse() throws {
        let context = try TLSServerContext(Authority.serverSettings())
        let first = DamageTests.number("TLS_FUZZ_SEED", 1)
        for seed in first..<first + DamageTests.number("TLS_FUZZ_ROUNDS", 200) {
            var random = SystemSeed(seed)
            let version = [TLS1_2_VERSION, TLS1_3_VERSION][random.below(2)]
            let peer = Peer(of: context, version: version)
            let damagedStep = random.below(6)
            for step in 0..<6 {
                var bytes: [UInt8]
                if unsafe SSL_is_init_finished(peer.ssl) == 0 {
                    bytes = peer.step()
                } else {
                    bytes = peer.encrypt([UInt8](repeating: 7, count: 1 + random.below(3000)))
                }
                if step == damagedStep {
                    for _ in 0...random.below(4) { DamageTests.damage(&bytes, &random) }
                }
                peer.send(bytes, pieces: [0, 1, 100, 1500][random.below(4)])
            }
            if random.below(2) == 0 { peer.transport.receiveEnd() } else { peer.transport.reset() }
            peer.transport.advance(by: .seconds(400))
            #expect(peer.transport.isClosed, "seed \(seed)")
            #expect(peer.end.calls.filter { $0 == "lost" }.count == 1, "seed \(seed)")
            #expect(peer.end.received.allSatisfy { $0 == 7 }, "seed \(seed)")
        }
    }
}

/// Numbers that depend on a seed alone.
struct SystemSeed {
    private var state: UInt64

    init(_ seed: Int) {
        state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    }

    mutating func below(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }
}
