/// The record of a run, and its digest: a hash that differs if two runs differ in any event or delivered byte.
struct Trace {
    /// The minimum number of newest entries that are kept.
    static let kept = 50_000

    private(set) var entries: [TraceEntry] = []
    private(set) var dropped = 0
    private(set) var notes: [String] = []
    /// FNV-1a over all entries, including those dropped since.
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ entry: TraceEntry) {
        if entries.count >= 2 * Trace.kept {
            entries.removeFirst(Trace.kept)
            dropped += Trace.kept
        }
        entries.append(entry)
        mix(UInt64(bitPattern: entry.time))
        mix(UInt64(entry.event.rawValue))
        mix(UInt64(truncatingIfNeeded: entry.from.host) << 32 ^ UInt64(truncatingIfNeeded: entry.from.port))
        mix(UInt64(truncatingIfNeeded: entry.to.host) << 32 ^ UInt64(truncatingIfNeeded: entry.to.port))
        mix(UInt64(truncatingIfNeeded: entry.count))
    }

    mutating func note(_ text: String, at time: Int64) {
        add(TraceEntry(time: time, event: .notes, count: notes.count))
        notes.append(text)
        for byte in text.utf8 { mix(UInt64(byte)) }
    }

    /// Adds bytes that a protocol receives to the digest.
    mutating func mix(_ bytes: UnsafeRawBufferPointer) {
        var hash = digest
        for index in bytes.indices {
            hash = unsafe (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3
        }
        digest = hash
    }

    private mutating func mix(_ value: UInt64) {
        // Eight bytes a step: the upper half is folded in, since multiplication propagates bits only upwards.
        let mixed = (digest ^ value) &* 0x100_0000_01B3
        digest = mixed ^ (mixed >> 32)
    }

    /// The record as lines of text, limited to the newest `most` lines.
    func text(names: [String], most: Int = .max) -> String {
        let shown = entries.suffix(most)
        let hidden = dropped + entries.count - shown.count
        var text = hidden > 0 ? "    (\(hidden) earlier entries)\n" : ""
        for entry in shown { text += line(entry, names) + "\n" }
        return text
    }

    private func line(_ entry: TraceEntry, _ names: [String]) -> String {
        func name(_ endpoint: TraceEndpoint) -> String {
            guard names.indices.contains(endpoint.host) else { return "?" }
            return endpoint.port < 0 ? "\(names[endpoint.host]):unix" : "\(names[endpoint.host]):\(endpoint.port)"
        }
        let bytes = entry.count == 1 ? "1 byte" : "\(entry.count) bytes"
        let way = "\(name(entry.from)) -> \(name(entry.to))"
        let what =
            switch entry.event {
            case .listens: "\(name(entry.from)) listens"
            case .connects: "\(way) connects"
            case .refuses: "\(way) refuses to connect"
            case .hangs: "\(way) will not be answered"
            case .accepts: "\(way) accepts"
            case .acceptFails: "\(name(entry.from)) fails to accept: \(ErrnoText.name(Int32(entry.count)))"
            case .sends: "\(way) sends \(bytes)"
            case .loses: entry.count == 0 ? "\(way) loses its end" : "\(way) loses \(bytes)"
            case .resends: "\(way) sends again what was not acknowledged"
            case .delivers: "\(way) delivers \(bytes)"
            case .ends: "\(way) ends its side"
            case .deliversEnd: "\(way) delivers the end"
            case .resets: "\(way) resets"
            case .meddles: "\(way) is reset on the way"
            case .silences: "\(way) goes dead"
            case .timesOut: "\(way) hears nothing and gives up"
            case .cuts: "\(names[entry.from.host]) -- \(names[entry.to.host]) is cut"
            case .heals: "\(names[entry.from.host]) -- \(names[entry.to.host]) is healed"
            case .notes: notes[entry.count]
            }
        return "\(Trace.clock(entry.time))  \(what)"
    }

    /// A time in seconds, to the nanosecond.
    static func clock(_ time: Int64) -> String {
        let fraction = String(time % 1_000_000_000)
        let seconds = String(time / 1_000_000_000)
        return String(repeating: " ", count: max(0, 5 - seconds.count)) + seconds + "."
            + String(repeating: "0", count: 9 - fraction.count) + fraction
    }
}
