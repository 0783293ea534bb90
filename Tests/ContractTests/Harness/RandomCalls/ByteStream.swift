import EventReactor

/// The model of one direction of a connection: the bytes that its writer's transport accepted.
///
/// It is a sequence of parts. An own part is a piece of the pattern; a relayed part is a piece of another stream, which
/// was read there by a relay and never seen by a protocol.
final class ByteStream {
    enum Part {
        case own(from: Int, count: Int)
        case relayed(RelayRecord)
    }

    let name: String
    /// The offset in the pattern at which the own bytes begin: no two streams are alike.
    private let base: Int
    private var ownCount = 0
    private(set) var parts: [Part] = []
    /// The streams of which parts are in this one.
    private var sources: [ByteStream] = []

    init(_ name: String, base: Int) {
        self.name = name
        self.base = base
    }

    /// The offset in the pattern of the next own byte.
    var position: Int { base + ownCount }

    /// The next own bytes, which become part of the stream by `accept`.
    func next(_ count: Int) -> [UInt8] { Pattern.bytes(count, from: position) }

    /// The writer's transport has accepted the next own bytes.
    func accept(_ count: Int) {
        guard count > 0 else { return }
        if case .own(let start, let before)? = parts.last {
            parts[parts.count - 1] = .own(from: start, count: before + count)
        } else {
            parts.append(.own(from: position, count: count))
        }
        ownCount += count
    }

    /// The bytes that a relay receives become part of the stream from here on.
    func accept(_ record: RelayRecord) {
        parts.append(.relayed(record))
        sources.append(record.source)
    }

    /// Whether bytes of another stream have gone into this one, directly or by way of others.
    func draws(on other: ByteStream) -> Bool {
        self === other || sources.contains { $0.draws(on: other) }
    }

    /// All bytes that were accepted.
    var count: Int { parts.reduce(0) { $0 + size(of: $1) } }

    private func size(of part: Part) -> Int {
        switch part {
        case .own(_, let count): count
        case .relayed(let record): record.count
        }
    }

    /// A position in a stream, which moves over the bytes that have arrived.
    struct Cursor {
        private var index = 0
        private var offset = 0
        /// The number of bytes that have arrived.
        private(set) var count = 0

        /// Moves over bytes that arrived elsewhere, by a relay.
        ///
        /// - Returns: whether the stream has so many.
        mutating func skip(_ count: Int, in stream: ByteStream) -> Bool {
            move(count, in: stream) { _, _, _ in true }
        }

        /// Moves over bytes that arrived.
        ///
        /// - Returns: whether they are the stream's.
        mutating func verify(_ bytes: ArraySlice<UInt8>, in stream: ByteStream) -> Bool {
            var rest = bytes
            return move(bytes.count, in: stream) { part, offset, count in
                let piece = rest.prefix(count)
                rest = rest.dropFirst(count)
                switch part {
                case .own(let start, _): return Pattern.isFound(in: Array(piece), from: start + offset)
                case .relayed(let record):
                    var source = record.start
                    return source.skip(offset, in: record.source) && source.verify(piece, in: record.source)
                }
            }
        }

        private mutating func move(
            _ count: Int, in stream: ByteStream, _ look: (Part, _ offset: Int, _ count: Int) -> Bool
        ) -> Bool {
            var rest = count
            while rest > 0 {
                guard index < stream.parts.count else { return false }
                let part = stream.parts[index]
                let step = min(rest, stream.size(of: part) - offset)
                if step == 0 {
                    // A relay that goes on precedes all parts behind it.
                    if case .relayed(let record) = part, !record.isClosed { return false }
                    guard index + 1 < stream.parts.count else { return false }
                    index += 1
                    offset = 0
                    continue
                }
                guard look(part, offset, step) else { return false }
                offset += step
                self.count += step
                rest -= step
            }
            return true
        }
    }
}
