/// Timeouts by when to look at each: a hierarchical timing wheel.
///
/// A level has 64 slots, which are used again and again; those of level `n` are 4^n nanoseconds long. A timeout goes
/// to the level on which its time is 8 to 32 slots away, so that a slot has timeouts that are due at about the same time.
/// Which of them is due first is found out only when the first of them may be due: most were re-armed by then and go to
/// a later slot, and the others to a level of shorter slots. So inserting and removing are O(1).
struct TimingWheel {
    private struct Slot {
        var timeouts: [ArmedTimeout] = []
        /// When the first of them may be due.
        var look = Int64.max
    }

    private static let levelCount = 30

    /// By level; a level has no slots until it is used.
    private var levels = ContiguousArray<ContiguousArray<Slot>>(repeating: [], count: levelCount)
    /// The slots in use, a bit each, by level.
    private var occupied = ContiguousArray<UInt64>(repeating: 0, count: levelCount)
    private(set) var count = 0

    /// Inserts a timeout that is in no slot.
    mutating func insert(_ timeout: ArmedTimeout, due: Int64, now: Int64) {
        var level = max(0, 60 - max(1, due &- now).leadingZeroBitCount) >> 1
        // If the reactor is late, overdue timeouts may be left in that slot: those that are not due would be looked at
        // with them, and come back to it, until these have been served.
        while level < TimingWheel.levelCount - 1, isOverdue(level, TimingWheel.index(of: due, on: level), at: now) {
            level += 1
        }
        if levels[level].isEmpty { levels[level] = ContiguousArray(repeating: Slot(), count: 64) }
        let index = TimingWheel.index(of: due, on: level)
        timeout.slot = Int16(level << 6 | index)
        timeout.index = Int32(truncatingIfNeeded: levels[level][index].timeouts.count)
        levels[level][index].timeouts.append(timeout)
        levels[level][index].look = min(levels[level][index].look, due)
        occupied[level] |= 1 << UInt64(index)
        count += 1
    }

    private static func index(of due: Int64, on level: Int) -> Int {
        Int(due &>> Int64(level << 1)) & 63
    }

    private func isOverdue(_ level: Int, _ index: Int, at now: Int64) -> Bool {
        occupied[level] & 1 << UInt64(index) != 0 && levels[level][index].look <= now
    }

    /// Removes a timeout from its slot.
    mutating func remove(_ timeout: ArmedTimeout) {
        _ = remove(at: Int(timeout.index), from: Int(timeout.slot))
    }

    /// Removes the timeout that was inserted last into a slot, if something there may be due.
    mutating func popDue(from slot: Int, at now: Int64) -> ArmedTimeout? {
        let (level, index) = (slot >> 6, slot & 63)
        return isOverdue(level, index, at: now) ? remove(at: levels[level][index].timeouts.count - 1, from: slot) : nil
    }

    private mutating func remove(at position: Int, from slot: Int) -> ArmedTimeout {
        let (level, index) = (slot >> 6, slot & 63)
        let removed = levels[level][index].timeouts[position]
        let last = levels[level][index].timeouts.removeLast()
        if last !== removed {
            levels[level][index].timeouts[position] = last
            last.index = Int32(truncatingIfNeeded: position)
        }
        if levels[level][index].timeouts.isEmpty {
            levels[level][index] = Slot()
            occupied[level] &= ~(1 << UInt64(index))
        }
        removed.slot = ArmedTimeout.inactive
        count -= 1
        return removed
    }

    /// The slot with the earliest or the latest look of those that are not after a time.
    func slot(until time: Int64, latest: Bool = false) -> (slot: Int, look: Int64)? {
        var found: (slot: Int, look: Int64)?
        for level in 0..<TimingWheel.levelCount {
            var rest = occupied[level]
            while rest != 0 {
                let index = rest.trailingZeroBitCount
                rest &= rest - 1
                let look = levels[level][index].look
                guard look <= time else { continue }
                if let found, latest ? look < found.look : look >= found.look { continue }
                found = (level << 6 | index, look)
            }
        }
        return found
    }
}
