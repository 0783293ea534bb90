/// A first-in, first-out queue in one block of memory, which grows as needed and is used again and again.
struct RingBuffer<Element> {
    private var slots: ContiguousArray<Element?> = []
    private var head = 0
    private(set) var count = 0

    private func slot(_ index: Int) -> Int { (head &+ index) & (slots.count &- 1) }

    /// The element at an index from the front.
    subscript(index: Int) -> Element {
        get { slots[slot(index)]! }
        set { slots[slot(index)] = newValue }
    }

    mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[slot(count)] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head].take()
        head = slot(1)
        count -= 1
        return element
    }

    /// Removes all elements and releases the memory.
    ///
    /// - Returns: The elements, in order.
    mutating func takeAll() -> [Element] {
        let elements = (0..<count).map { self[$0] }
        self = RingBuffer()
        return elements
    }

    private mutating func grow() {
        var larger = ContiguousArray<Element?>(repeating: nil, count: max(8, slots.count * 2))
        for index in 0..<count { larger[index] = slots[slot(index)].take() }
        slots = larger
        head = 0
    }
}
