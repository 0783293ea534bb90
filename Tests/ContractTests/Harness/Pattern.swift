import EventReactor
import Glibc

/// An endless stream of known bytes: what tests send, and look for at the other end.
///
/// The bytes are ASCII, so that any part of it can be written as a string too, and repeat after a prime number, so that
/// a loss of any usual size shows.
enum Pattern {
    static let period = 65_521

    private static let block: [UInt8] = {
        var seed: UInt32 = 2_463_534_242
        return (0..<period).map { _ in
            seed ^= seed << 13
            seed ^= seed >> 17
            seed ^= seed << 5
            return 0x20 + UInt8(seed % 95)
        }
    }()

    /// Bytes of the stream.
    static func bytes(_ count: Int, from offset: Int = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let start = (offset + bytes.count) % period
            bytes.append(contentsOf: block[start..<min(period, start + count - bytes.count)])
        }
        return bytes
    }

    /// Whether bytes are the stream's from an offset on.
    static func isFound(in bytes: [UInt8], from offset: Int = 0) -> Bool {
        let expected = Pattern.bytes(bytes.count, from: offset)
        return unsafe bytes.withUnsafeBytes { found in
            unsafe expected.withUnsafeBytes { wanted in
                unsafe found.isEmpty || memcmp(found.baseAddress!, wanted.baseAddress!, found.count) == 0
            }
        }
    }
}

/// Numbers that look random and are the same in each run.
struct Dice {
    private var state: UInt64

    init(seed: Int) {
        state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    mutating func roll(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % count
    }
}

/// Writes the stream of the pattern through any way to write, and knows how far it has come.
struct PatternWriter {
    private(set) var count = 0
    private var dice: Dice

    init(seed: Int = 1) {
        dice = Dice(seed: seed)
    }

    private mutating func next(_ size: Int) -> [UInt8] {
        defer { count += size }
        return Pattern.bytes(size, from: count)
    }

    /// One write of a size, as an array.
    mutating func write(_ size: Int, to transport: any Transport) {
        transport.write(next(size))
    }

    /// One write of any kind and size.
    mutating func writeAnything(to transport: any Transport) {
        // Around what a chunk of the reactor gathers, and around what is worth no copy.
        let sizes = [0, 1, 2, 7, 100, 4095, 4096, 8191, 8192, 8193, 16_383, 16_384, 16_385, 20_000, 70_000]
        let size = dice.roll(3) == 0 ? dice.roll(3000) : sizes[dice.roll(sizes.count)]
        switch dice.roll(6) {
        case 0: transport.write(next(size).span)
        case 1: transport.write(next(size))
        case 2: transport.write(String(decoding: next(size), as: UTF8.self))
        case 3: transport.write(contentsOf: (0..<200).map { next($0 % 3 == 0 ? 0 : dice.roll(90)) })
        case 4: transport.write(contentsOf: [next(size), [], next(30_000), next(1), next(size), []])
        default:
            let pieces = (0..<dice.roll(5)).map { _ in next(dice.roll(5000)) }
            transport.write(contentsOf: pieces.lazy.map { $0 })
        }
    }
}
