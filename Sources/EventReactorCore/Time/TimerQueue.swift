/// The timers of a reactor: a heap with four children a node, ordered by deadline and then by creation.
///
/// Setting, cancelling and moving cost O(log n). Four children make the heap half as deep as two would, and its
/// nodes share cache lines.
package final class TimerQueue {
    @safe
    private struct Node {
        var deadline: ReactorInstant
        var sequence: UInt64
        var call: Unmanaged<DelayedCall>

        func isBefore(_ other: Node) -> Bool {
            deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence
        }
    }

    private var heap: ContiguousArray<Node> = []
    private var nextSequence: UInt64 = 0
    let now: () -> ReactorInstant

    package init(now: @escaping () -> ReactorInstant) {
        self.now = now
    }

    deinit {
        for node in heap {
            let call = unsafe node.call.takeRetainedValue()
            call.place = -1
            call.body = nil
        }
    }

    // Asked in every turn: one load, without the check that accesses to the heap make.
    @exclusivity(unchecked) private var uncheckedNext: ReactorInstant?

    /// When the next call is due, or nil where there is none.
    package var nextDeadline: ReactorInstant? { unsafe uncheckedNext }

    package var count: Int { heap.count }

    package func add(at deadline: ReactorInstant, _ body: @escaping () -> Void) -> DelayedCall {
        let call = DelayedCall(deadline: deadline, sequence: nextSequence, queue: self, body: body)
        nextSequence += 1
        heap.append(unsafe Node(deadline: deadline, sequence: call.sequence, call: .passRetained(call)))
        call.place = heap.count - 1
        siftUp(heap.count - 1)
        headChanged()
        return call
    }

    func remove(_ call: DelayedCall) {
        let place = call.place
        let last = heap.count - 1
        let node = heap[place]
        if place != last {
            put(heap[last], at: place)
        }
        heap.removeLast()
        if place < heap.count { restore(place) }
        call.place = -1
        headChanged()
        unsafe node.call.release()
        // After a flood of timers the heap does not keep the memory that the flood needed.
        if heap.isEmpty && heap.capacity > 65_536 { heap = [] }
    }

    func move(_ call: DelayedCall, to deadline: ReactorInstant) {
        call.deadline = deadline
        heap[call.place].deadline = deadline
        restore(call.place)
        headChanged()
    }

    private func headChanged() {
        unsafe uncheckedNext = heap.first?.deadline
    }

    /// Fires what is due, but nothing that is set meanwhile: a timer that sets itself anew starves nobody.
    package func fireDue() {
        guard nextDeadline != nil else { return }
        let time = now()
        let bound = nextSequence
        while let first = heap.first, first.deadline <= time, first.sequence < bound {
            let call = unsafe first.call.takeUnretainedValue()
            let body = call.body
            remove(call)
            call.body = nil
            body?()
        }
    }

    private func restore(_ place: Int) {
        if place > 0 && heap[place].isBefore(heap[(place - 1) >> 2]) {
            siftUp(place)
        } else {
            siftDown(place)
        }
    }

    private func siftUp(_ start: Int) {
        var place = start
        let node = heap[place]
        while place > 0 {
            let parent = (place - 1) >> 2
            guard node.isBefore(heap[parent]) else { break }
            put(heap[parent], at: place)
            place = parent
        }
        put(node, at: place)
    }

    private func siftDown(_ start: Int) {
        var place = start
        let node = heap[place]
        while true {
            let first = place << 2 + 1
            guard first < heap.count else { break }
            var least = first
            for child in first + 1..<max(first + 1, min(first + 4, heap.count)) where heap[child].isBefore(heap[least])
            {
                least = child
            }
            guard heap[least].isBefore(node) else { break }
            put(heap[least], at: place)
            place = least
        }
        put(node, at: place)
    }

    private func put(_ node: Node, at place: Int) {
        heap[place] = node
        unsafe node.call._withUnsafeGuaranteedRef { $0.place = place }
    }
}
