import EventReactor

/// A hash table of entries: the keys of a database, the fields of a hash, the members of a set.
///
/// Extendible hashing: the first bits of a hash select a segment, by a directory; a segment is a table of up to 1,024
/// slots with linear probing. A full segment is split, so that no insertion moves more than 768 entries, however large
/// the table: there is no pause for growth. A slot is 8 bytes, an entry's address and 20 bits of its hash, so that
/// probing rarely looks at an entry with another key. The hash is the standard library's, which is seeded: clients
/// cannot choose keys that collide.
final class Table {
    private final class Segment {
        static let largest = 1024
        let depth: Int
        let mask: Int
        var count = 0
        var slots: [UInt64]

        init(_ size: Int, depth: Int) {
            self.depth = depth
            mask = size - 1
            slots = Array(repeating: 0, count: size)
        }

        var isSmall: Bool { mask + 1 < Segment.largest }
        var isFull: Bool { count * 4 > (mask + 1) * 3 }

        /// Returns the slot that has a key, or the empty one where it belongs.
        @inline(__always) func probe(_ hash: UInt64, _ key: Span<UInt8>) -> Int {
            let tag = (hash << 44) >> 44
            var index = Int(truncatingIfNeeded: tag) & mask
            while true {
                let slot = slots[index]
                if slot == 0 || (slot >> 44 == tag && Entry(inSlot: slot).hasKey(key)) { return index }
                index = (index + 1) & mask
            }
        }

        /// Adds an entry that is not here yet.
        func add(_ slot: UInt64) {
            var index = Int(slot >> 44) & mask
            while slots[index] != 0 { index = (index + 1) & mask }
            slots[index] = slot
            count += 1
        }

        /// Empties a slot.
        ///
        /// Entries behind it move up unless the hole is in front of where probing for them begins.
        func remove(at index: Int) {
            var (hole, index) = (index, index)
            while true {
                index = (index + 1) & mask
                let slot = slots[index]
                if slot == 0 { break }
                if (index - Int(slot >> 44)) & mask >= (index - hole) & mask {
                    slots[hole] = slot
                    hole = index
                }
            }
            slots[hole] = 0
            count -= 1
        }

        /// Visits the entries for which probing begins at an index, and returns their number.
        func visit(_ home: Int, _ body: (Entry) -> Void) -> Int {
            var (index, found) = (home, 0)
            while slots[index] != 0 {
                if Int(slots[index] >> 44) & mask == home {
                    body(Entry(inSlot: slots[index]))
                    found += 1
                }
                index = (index + 1) & mask
            }
            return found
        }
    }

    private var segments = [Segment(8, depth: 0)]
    private var depth = 0
    private var slotCount = 8
    private var picks = 0
    private(set) var count = 0

    deinit { forEach { $0.free() } }

    var isEmpty: Bool { count == 0 }

    // MARK: One entry

    @inline(__always) private static func hash(_ key: Span<UInt8>) -> UInt64 {
        var hasher = Hasher()
        unsafe key.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    @inline(__always) private func segmentIndex(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: (hash >> 1) >> UInt64(63 - depth))
    }

    @inline(__always) func find(_ key: Span<UInt8>) -> Entry? {
        let hash = Table.hash(key)
        let segment = segments[segmentIndex(hash)]
        let slot = segment.slots[segment.probe(hash, key)]
        return slot == 0 ? nil : Entry(inSlot: slot)
    }

    /// Returns the entry with a key; makes one whose value has so many bytes if there is none.
    func findOrInsert(_ key: Span<UInt8>, valueCount: Int = 0) -> (entry: Entry, isNew: Bool) {
        let hash = Table.hash(key)
        let segment = segments[segmentIndex(hash)]
        let index = segment.probe(hash, key)
        if segment.slots[index] != 0 { return (Entry(inSlot: segment.slots[index]), false) }
        let entry = Entry.make(key, hash: UInt32(truncatingIfNeeded: hash >> 32), valueCount: valueCount)
        segment.slots[index] = entry.slot(hash)
        segment.count += 1
        count += 1
        if segment.isFull { grow(segment, hash) }
        return (entry, true)
    }

    /// Sets the value of a key, or appends to it; the entry's other marks stay.
    @discardableResult
    func set(_ key: Span<UInt8>, to value: Span<UInt8>, appending: Bool = false) -> (entry: Entry, isNew: Bool) {
        let (entry, isNew) = findOrInsert(key, valueCount: value.count)
        let offset = appending && !isNew ? entry.valueCount : 0
        if entry.store(value, at: offset, isFrugal: !appending) { return (entry, isNew) }
        let hash = Table.hash(key)
        let segment = segments[segmentIndex(hash)]
        let index = segment.probe(hash, key)
        let moved = entry.resized(to: offset + value.count)
        segment.slots[index] = moved.slot(hash)
        _ = moved.store(value, at: offset)
        return (moved, isNew)
    }

    /// Removes a key from the table; the caller frees the entry.
    func remove(_ key: Span<UInt8>) -> Entry? {
        let hash = Table.hash(key)
        let segment = segments[segmentIndex(hash)]
        let index = segment.probe(hash, key)
        let slot = segment.slots[index]
        guard slot != 0 else { return nil }
        segment.remove(at: index)
        count -= 1
        if slotCount > 64, count * 16 < slotCount { shrink() }
        return Entry(inSlot: slot)
    }

    /// Returns an entry by chance; the table is not empty.
    ///
    /// At least a sixteenth of the slots is in use, so that few are tried. The seeded hash of a counter is chance enough,
    /// and needs no system call as the system's generator does.
    func randomEntry() -> Entry {
        while true {
            picks &+= 1
            let hash = UInt64(bitPattern: Int64(picks.hashValue))
            let segment = segments[segmentIndex(hash)]
            let slot = segment.slots[Int(truncatingIfNeeded: hash) & segment.mask]
            if slot != 0 { return Entry(inSlot: slot) }
        }
    }

    // MARK: All entries

    func forEach(_ body: (Entry) -> Void) {
        var cursor = 0
        repeat { cursor = scan(from: cursor, count: .max, body) } while cursor != 0
    }

    /// Visits about so many entries, from a cursor on, and returns the next cursor: 0 at the end.
    ///
    /// The cursor is a place in the order of hashes, so that an entry which is there all the time is visited, however
    /// the table grows or shrinks between two calls: 32 bits for the segment, 10 for where probing begins, and 6 for
    /// the depth that the segment had.
    func scan(from cursor: Int, count: Int, _ body: (Entry) -> Void) -> Int {
        var (prefix, home, visited) = ((cursor >> 10) & 0xFFFF_FFFF, cursor & (Segment.largest - 1), 0)
        while prefix < 1 << 32 {
            let segment = segments[segmentIndex(UInt64(prefix) << 32)]
            // One that has been merged with others since is visited from its beginning, and a small one at once.
            if segment.isSmall || segment.depth < cursor >> 42 { home = 0 }
            while home <= segment.mask {
                guard visited < count || segment.isSmall else { return (segment.depth << 42) | (prefix << 10) | home }
                visited += segment.visit(home, body)
                home += 1
            }
            home = 0
            let span = 1 << (32 - segment.depth)
            prefix = (prefix & ~(span - 1)) + span
        }
        return 0
    }

    // MARK: Growth

    @inline(never) private func grow(_ full: Segment, _ hash: UInt64) {
        if full.isSmall {
            let larger = Segment((full.mask + 1) * 2, depth: 0)
            for slot in full.slots where slot != 0 { larger.add(slot) }
            segments = [larger]
            slotCount = larger.mask + 1
            return
        }
        if full.depth == depth {
            segments = segments.flatMap { [$0, $0] }
            depth += 1
        }
        let halves = (0..<2).map { _ in Segment(Segment.largest, depth: full.depth + 1) }
        for slot in full.slots where slot != 0 {
            halves[Int((Entry(inSlot: slot).hash >> UInt32(31 - full.depth)) & 1)].add(slot)
        }
        let span = 1 << (depth - full.depth)
        let first = segmentIndex(hash) & ~(span - 1)
        for index in 0..<span { segments[first + index] = halves[index * 2 / span] }
        slotCount += Segment.largest
    }

    /// Moves the entries that are left to a small table: by then fifteen of sixteen slots are empty.
    @inline(never) private func shrink() {
        var entries: [Entry] = []
        forEach { entries.append($0) }
        segments = [Segment(8, depth: 0)]
        (depth, slotCount) = (0, 8)
        for entry in entries {
            let hash = entry.withKey { Table.hash($0) }
            let segment = segments[segmentIndex(hash)]
            segment.add(entry.slot(hash))
            if segment.isFull { grow(segment, hash) }
        }
    }
}

extension Entry {
    /// The entry of a slot: user addresses have 47 bits, of which malloc's alignment leaves 43.
    @inline(__always) fileprivate init(inSlot slot: UInt64) { self.init(address: UInt((slot << 20) >> 16)) }

    @inline(__always) fileprivate func slot(_ hash: UInt64) -> UInt64 { (hash << 44) | (UInt64(address) >> 4) }
}
