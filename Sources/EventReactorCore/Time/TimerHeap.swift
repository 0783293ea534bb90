/// A heap of delayed calls with four children a node, each call knowing its place.
///
/// Four children make it half as deep as two would, and the children of a node share a cache line or two. The order
/// stands in the nodes themselves, so that comparing does not visit the calls.
struct TimerHeap {
    @safe
    private struct Node {
        var deadline: ReactorInstant
        let sequence: UInt64
        /// Held by the heap.
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
        let place = nodes.count
        nodes.append(
            unsafe Node(deadline: call.deadline, sequence: call.sequence, call: .passRetained(call)))
        siftUp(place)
    }

    mutating func remove(at place: Int) {
        let node = nodes[place]
        let last = nodes.removeLast()
        if place < nodes.count {
            put(last, at: place)
            restore(place)
        }
        unsafe node.call._withUnsafeGuaranteedRef { $0.place = -1 }
        unsafe node.call.release()
        // After a flood of timers the heap does not keep the memory that the flood needed.
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
        for call in calls { call.place = -1 }
        return calls
    }

    /// The call at a place has got another deadline.
    mutating func deadlineChanged(at place: Int) {
        nodes[place].deadline = unsafe nodes[place].call._withUnsafeGuaranteedRef { $0.deadline }
        restore(place)
    }

    private mutating func restore(_ place: Int) {
        if place > 0 && nodes[place].isBefore(nodes[(place - 1) >> 2]) {
            siftUp(place)
        } else {
            siftDown(place)
        }
    }

    private mutating func siftUp(_ start: Int) {
        var place = start
        let node = nodes[place]
        while place > 0 {
            let parent = (place - 1) >> 2
            guard node.isBefore(nodes[parent]) else { break }
            put(nodes[parent], at: place)
            place = parent
        }
        put(node, at: place)
    }

    private mutating func siftDown(_ start: Int) {
        var place = start
        let node = nodes[place]
        while true {
            let first = place << 2 + 1
            guard first < nodes.count else { break }
            var least = first
            for child in first..<min(first + 4, nodes.count) where nodes[child].isBefore(nodes[least]) {
                least = child
            }
            guard nodes[least].isBefore(node) else { break }
            put(nodes[least], at: place)
            place = least
        }
        put(node, at: place)
    }

    @inline(__always)
    private mutating func put(_ node: Node, at place: Int) {
        nodes[place] = node
        unsafe node.call._withUnsafeGuaranteedRef { $0.place = place }
    }
}
