/// A heap of delayed calls with four children a node; each call has its index.
///
/// Four children make it half as deep as two would, and the children of a node share a cache line or two. The nodes
/// have all that their order depends on, so that comparing does not access the calls.
struct TimerHeap {
    @safe
    private struct Node {
        var deadline: ReactorInstant
        let sequence: UInt64
        /// Retained by the heap.
        let call: Unmanaged<DelayedCall>

        @inline(__always)
        func isBefore(_ other: Node) -> Bool {
            deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence
        }
    }

    private var nodes: ContiguousArray<Node> = []

    var count: Int { nodes.count }

    /// The call that is due first.
    var first: DelayedCall? { unsafe nodes.first?.call.takeUnretainedValue() }

    mutating func insert(_ call: DelayedCall) {
        let index = nodes.count
        nodes.append(
            unsafe Node(deadline: call.deadline, sequence: call.sequence, call: .passRetained(call)))
        siftUp(index)
    }

    mutating func remove(at index: Int) {
        let node = nodes[index]
        let last = nodes.removeLast()
        if index < nodes.count {
            put(last, at: index)
            restore(index)
        }
        unsafe node.call._withUnsafeGuaranteedRef { $0.index = -1 }
        unsafe node.call.release()
        // After a flood of timers their memory is returned.
        if nodes.capacity > 65_536 && nodes.count < nodes.capacity / 8 {
            var smaller: ContiguousArray<Node> = []
            smaller.reserveCapacity(nodes.count * 2)
            smaller.append(contentsOf: nodes)
            nodes = smaller
        }
    }

    mutating func removeAll() -> [DelayedCall] {
        let calls = nodes.map { unsafe $0.call.takeRetainedValue() }
        nodes = []
        for call in calls { call.index = -1 }
        return calls
    }

    /// Restores the order when the call at an index has another deadline.
    mutating func deadlineChanged(at index: Int) {
        nodes[index].deadline = unsafe nodes[index].call._withUnsafeGuaranteedRef { $0.deadline }
        restore(index)
    }

    private mutating func restore(_ index: Int) {
        if index > 0 && nodes[index].isBefore(nodes[(index - 1) >> 2]) {
            siftUp(index)
        } else {
            siftDown(index)
        }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        let node = nodes[index]
        while index > 0 {
            let parent = (index - 1) >> 2
            guard node.isBefore(nodes[parent]) else { break }
            put(nodes[parent], at: index)
            index = parent
        }
        put(node, at: index)
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        let node = nodes[index]
        while true {
            let first = index << 2 + 1
            guard first < nodes.count else { break }
            var least = first
            for child in first..<min(first + 4, nodes.count) where nodes[child].isBefore(nodes[least]) {
                least = child
            }
            guard nodes[least].isBefore(node) else { break }
            put(nodes[least], at: index)
            index = least
        }
        put(node, at: index)
    }

    @inline(__always)
    private mutating func put(_ node: Node, at index: Int) {
        nodes[index] = node
        unsafe node.call._withUnsafeGuaranteedRef { $0.index = index }
    }
}
