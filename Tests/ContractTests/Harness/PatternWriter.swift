import EventReactor
import Glibc

/// Writes the stream of the pattern by any of the write calls, and keeps its position.
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
        // Around the size of a gathered chunk, and around the size from which a write is not copied.
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
