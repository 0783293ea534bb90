/// A list: a ring buffer of entries, whose keys are the elements.
final class List {
    private var ring: [UInt] = Array(repeating: 0, count: 8)
    private var head = 0
    private(set) var count = 0

    deinit {
        for index in 0..<count { self[index].free() }
    }

    subscript(index: Int) -> Entry { Entry(address: ring[(head + index) & (ring.count - 1)]) }

    func append(_ element: Span<UInt8>, atFront: Bool) {
        if count == ring.count { resize(to: ring.count * 2) }
        let mask = ring.count - 1
        if atFront { head = (head - 1) & mask }
        ring[atFront ? head : (head + count) & mask] = Entry.make(element).address
        count += 1
    }

    /// Removes the first or last element, which the caller frees.
    func pop(atFront: Bool) -> Entry? {
        guard count > 0 else { return nil }
        let entry = self[atFront ? 0 : count - 1]
        if atFront { head = (head + 1) & (ring.count - 1) }
        count -= 1
        if ring.count > 8, count * 4 < ring.count { resize(to: ring.count / 2) }
        return entry
    }

    private func resize(to size: Int) {
        var larger = [UInt](repeating: 0, count: size)
        for index in 0..<count { larger[index] = self[index].address }
        ring = larger
        head = 0
    }
}
