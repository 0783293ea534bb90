/// Requests in the order in which they were added, each removed in O(1) by its index: a linked list in one array, whose
/// slots are used again.
///
/// A closure as a generic element, or as the result of a generic function, is wrapped in an allocated thunk; a closure in a
/// field is not: hence the type of the completion.
struct RequestList<Key, Response> {
    typealias Completion = (Result<Response, RequestError>) -> Void

    private struct Slot {
        let key: Key
        let completion: Completion
        let deadline: Int64
        var previous: Int
        var next: Int
    }

    private static var none: Int { -1 }

    private var slots: ContiguousArray<Slot?> = []
    private var free: ContiguousArray<Int> = []
    private var head = RequestList.none
    private var tail = RequestList.none

    /// The key and the deadline of the oldest request.
    var first: (key: Key, deadline: Int64)? {
        head < 0 ? nil : slots[head].map { ($0.key, $0.deadline) }
    }

    mutating func append(_ key: Key, _ completion: @escaping Completion, deadline: Int64) -> Int {
        let slot = Slot(key: key, completion: completion, deadline: deadline, previous: tail, next: RequestList.none)
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append(slot) } else { slots[index] = slot }
        if tail < 0 { head = index } else { slots[tail]?.next = index }
        tail = index
        return index
    }

    /// Removes a request, whose index must be one that `append` returned.
    mutating func remove(at index: Int) -> Completion {
        let slot = slots[index].take()!
        if slot.previous < 0 { head = slot.next } else { slots[slot.previous]?.next = slot.next }
        if slot.next < 0 { tail = slot.previous } else { slots[slot.next]?.previous = slot.previous }
        free.append(index)
        return slot.completion
    }

    /// Removes the oldest request.
    mutating func removeFirst() -> Completion? { head < 0 ? nil : remove(at: head) }

    /// Removes all requests and releases the memory.
    ///
    /// - Returns: Their completions, oldest first.
    mutating func takeAll() -> [Completion] {
        var completions: [Completion] = []
        while head >= 0 { completions.append(remove(at: head)) }
        self = RequestList()
        return completions
    }
}
