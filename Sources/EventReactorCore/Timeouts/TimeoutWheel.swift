/// One wheel of timeouts: 64 slots of 2^n nanoseconds each, which come round again and again.
///
/// A timeout is put where its time is 8 to 32 slots away, so that a slot holds those that are due at about the same
/// time. In which order they are due within the slot is found out only when the first of them may be due: most were
/// re-armed by then and go elsewhere, and the others move on to a wheel of smaller slots.
final class TimeoutWheel {
    private struct Slot {
        var ring = TimeoutRing()
        /// When the first of it may be due.
        var look = Int64.max
    }

    let shift: Int
    private var slots = ContiguousArray(repeating: Slot(), count: 64)
    /// The slots that hold something.
    private var occupied: UInt64 = 0
    /// The number of a slot that none in use is before; slots are numbered from the clock's start.
    private var base: Int64 = 0

    init(shift: Int) {
        self.shift = shift
    }

    /// The wheel for something that is so far away.
    static func shift(for distance: Int64) -> Int {
        // Every second one is enough.
        max(0, 64 - max(1, distance).leadingZeroBitCount - 4) & ~1
    }

    var isEmpty: Bool { occupied == 0 }

    /// The first slot in use, by its number.
    private var firstNumber: Int64 {
        let start = UInt64(truncatingIfNeeded: base) & 63
        let rotated = occupied >> start | occupied << ((64 - start) & 63)
        return base + Int64(rotated.trailingZeroBitCount)
    }

    /// When to look at the first slot.
    var look: Int64 {
        isEmpty ? .max : slots[Int(firstNumber & 63)].look
    }

    /// Puts a timeout in.
    ///
    /// - Returns: the slot, 0 to 63.
    func insert(_ timeout: ArmedTimeout, due: Int64, now: Int64) -> Int32 {
        if isEmpty { base = now &>> Int64(shift) }
        var number = max(due &>> Int64(shift), base)
        var look = due
        if number - base > 63 { base = firstNumber }
        if number - base > 63 {
            // The reactor is late, and slots whose time has come are still in use. It waits with the last that there
            // can be, and is looked at when that one's time is over.
            number = base + 63
            look = min(due, (number + 1) &<< Int64(shift))
        }
        let index = Int(number & 63)
        slots[index].ring.append(timeout)
        slots[index].look = min(slots[index].look, look)
        occupied |= 1 << UInt64(index)
        return Int32(index)
    }

    func remove(_ timeout: ArmedTimeout, from index: Int) {
        slots[index].ring.remove(timeout)
        if slots[index].ring.isEmpty { empty(index) }
    }

    /// Takes one out of the first slot.
    func takeFirst() -> ArmedTimeout? {
        guard !isEmpty else { return nil }
        base = firstNumber
        return takeFirst(from: Int(base & 63))
    }

    func takeFirst(from index: Int) -> ArmedTimeout? {
        let timeout = slots[index].ring.popFirst()
        if slots[index].ring.isEmpty { empty(index) }
        return timeout
    }

    /// The last slot that is to be looked at by now, and since when.
    func lastDue(at now: Int64) -> (index: Int, look: Int64)? {
        guard !isEmpty else { return nil }
        let first = firstNumber
        let last = min(63, (now &>> Int64(shift)) - first)
        guard last >= 0 else { return nil }
        let start = UInt64(truncatingIfNeeded: first) & 63
        var rest = (occupied >> start | occupied << ((64 - start) & 63)) & (UInt64.max >> UInt64(63 - last))
        while rest != 0 {
            let offset = 63 - rest.leadingZeroBitCount
            let index = Int((first + Int64(offset)) & 63)
            if slots[index].look <= now { return (index, slots[index].look) }
            rest &= ~(1 << UInt64(offset))
        }
        return nil
    }

    private func empty(_ index: Int) {
        slots[index].look = .max
        occupied &= ~(1 << UInt64(index))
    }
}
