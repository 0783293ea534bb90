import EventReactor

/// A sorted set: a table of members with their scores, and the same members in order.
///
/// The order is an array of short sorted arrays, so that an insertion moves few members: O(square root of n) in effect,
/// and much simpler than a tree.
final class SortedSet {
    struct Item {
        let score: Double
        let entry: Entry
    }
    private static let longest = 512

    private let scores = Table()
    private var chunks: [[Item]] = [[]]

    var count: Int { scores.count }

    func score(_ member: Span<UInt8>) -> Double? {
        scores.find(member).map { Double(bitPattern: $0.word) }
    }

    /// Adds a member or changes its score.
    func set(_ member: Span<UInt8>, to score: Double) {
        let (entry, isNew) = scores.findOrInsert(member, valueCount: 8)
        if !isNew { unlink(entry) }
        entry.word = score.bitPattern
        let (chunk, index) = place(of: Item(score: score, entry: entry))
        chunks[chunk].insert(Item(score: score, entry: entry), at: index)
        if chunks[chunk].count > SortedSet.longest {
            let half = chunks[chunk].count / 2
            chunks.insert(Array(chunks[chunk][half...]), at: chunk + 1)
            chunks[chunk].removeSubrange(half...)
        }
    }

    func remove(_ member: Span<UInt8>) {
        guard let entry = scores.remove(member) else { return }
        unlink(entry)
        entry.free()
    }

    private func unlink(_ entry: Entry) {
        let (chunk, index) = place(of: Item(score: Double(bitPattern: entry.word), entry: entry))
        chunks[chunk].remove(at: index)
        if chunks[chunk].isEmpty, chunks.count > 1 { chunks.remove(at: chunk) }
    }

    private func place(of item: Item) -> (chunk: Int, index: Int) {
        place { SortedSet.isLess($0, item) }
    }

    /// Returns the place of the first item for which a condition, true of the items before it, is false.
    private func place(where isBefore: (Item) -> Bool) -> (chunk: Int, index: Int) {
        let chunk = min(partition(chunks.count) { chunks[$0].last.map(isBefore) ?? false }, chunks.count - 1)
        return (chunk, partition(chunks[chunk].count) { isBefore(chunks[chunk][$0]) })
    }

    /// Returns the rank of the first item for which a condition, true of the items before it, is false.
    func rank(where isBefore: (Item) -> Bool) -> Int {
        let (chunk, index) = place(where: isBefore)
        return chunks[..<chunk].reduce(index) { $0 + $1.count }
    }

    /// Visits the items of ranks in order, or in reverse order.
    func forEach(_ ranks: Range<Int>, reversed: Bool = false, _ body: (Item) -> Void) {
        guard !ranks.isEmpty else { return }
        var (chunk, index) = (0, reversed ? ranks.upperBound - 1 : ranks.lowerBound)
        while index >= chunks[chunk].count {
            index -= chunks[chunk].count
            chunk += 1
        }
        for _ in ranks {
            if index == chunks[chunk].count { (chunk, index) = (chunk + 1, 0) }
            if index < 0 {
                chunk -= 1
                index = chunks[chunk].count - 1
            }
            body(chunks[chunk][index])
            index += reversed ? -1 : 1
        }
    }

    private static func isLess(_ left: Item, _ right: Item) -> Bool {
        if left.score != right.score { return left.score < right.score }
        return left.entry.withKey { key in right.entry.withKey { key.precedes($0) } }
    }
}

/// Returns the first index for which a condition, true of the indices before it, is false.
private func partition(_ count: Int, _ isBefore: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
        let middle = (low + high) / 2
        if isBefore(middle) { low = middle + 1 } else { high = middle }
    }
    return low
}

extension Span where Element == UInt8 {
    /// Whether the bytes come before others in the order of bytes.
    func precedes(_ other: Span<UInt8>) -> Bool {
        let common = Swift.min(count, other.count)
        for index in 0..<common where self[index] != other[index] { return self[index] < other[index] }
        return count < other.count
    }
}
