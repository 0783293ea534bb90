/// What will happen in the network, ordered by time and then by when it was foreseen.
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
        var place = entries.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard entry.isBefore(entries[parent]) else { break }
            entries[place] = entries[parent]
            place = parent
        }
        entries[place] = entry
    }

    mutating func removeFirst() {
        let entry = entries.removeLast()
        guard !entries.isEmpty else { return }
        var place = 0
        while true {
            var child = place * 2 + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count && entries[child + 1].isBefore(entries[child]) { child += 1 }
            guard entries[child].isBefore(entry) else { break }
            entries[place] = entries[child]
            place = child
        }
        entries[place] = entry
    }

    mutating func removeAll() {
        entries = []
    }
}

/// What happens in a network without any host's doing.
///
/// Sockets, connects and hosts go by their numbers.
enum NetworkEvent {
    /// A packet arrives.
    case packet(Packet)
    /// A connect arrives at the host that it is for.
    case connect(Int32)
    /// The answer to a connect arrives, from the server's socket.
    case answer(connect: Int32, from: Int32)
    /// The refusal of a connect arrives.
    case refusal(connect: Int32)
    /// A connect that was not answered is tried again.
    case connectRetry(Int32)
    /// What a socket sent was not acknowledged in time.
    case retransmission(Int32)
    /// A socket that hears nothing asks whether its peer is there.
    case keepAlive(Int32)
    /// What a socket held back to send it together with more is sent.
    case release(Int32)
    /// Something on the way resets the connection of a socket.
    case intrusion(Int32)
    /// The connection of a socket goes dead.
    case silence(Int32)
    /// Two hosts cannot reach one another any more.
    case cut(Int, Int)
    /// Two hosts can reach one another again.
    case heal(Int, Int)
}

/// A packet from one socket to another: which bytes it carries, and what its sender has received.
struct Packet {
    struct Flags: OptionSet {
        let rawValue: UInt8
        /// The end of the stream, behind the bytes.
        static let end = Flags(rawValue: 1 << 0)
        /// The connection is gone.
        static let reset = Flags(rawValue: 1 << 1)
        /// An answer is wanted.
        static let probe = Flags(rawValue: 1 << 2)
    }

    let from: Int32
    let to: Int32
    var flags: Flags = []
    /// The place of the first byte in the stream; the bytes themselves wait with the sender until acknowledged.
    var sequence: Int64 = 0
    var count: Int = 0
    /// The first place that the sender has not received.
    var acknowledged: Int64 = 0
    /// The first place that the sender has no room for.
    var window: Int64 = 0
}
