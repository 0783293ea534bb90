/// The scheduled events of a network, a binary heap ordered by time and then by the order of scheduling.
struct EventHeap {
    struct Entry {
        let time: Int64
        let sequence: UInt64
        let event: NetworkEvent

        func isBefore(_ other: Entry) -> Bool {
            time != other.time ? time < other.time : sequence < other.sequence
        }
    }

    private var entries: [Entry] = []
    private var nextSequence: UInt64 = 0

    var first: Entry? { entries.first }

    mutating func add(_ event: NetworkEvent, at time: Int64) {
        let entry = Entry(time: time, sequence: nextSequence, event: event)
        nextSequence += 1
        entries.append(entry)
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard entry.isBefore(entries[parent]) else { break }
            entries[index] = entries[parent]
            index = parent
        }
        entries[index] = entry
    }

    mutating func removeFirst() {
        let entry = entries.removeLast()
        guard !entries.isEmpty else { return }
        var index = 0
        while true {
            var child = index * 2 + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count && entries[child + 1].isBefore(entries[child]) { child += 1 }
            guard entries[child].isBefore(entry) else { break }
            entries[index] = entries[child]
            index = child
        }
        entries[index] = entry
    }

    mutating func removeAll() {
        entries = []
    }
}
