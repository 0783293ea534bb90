import EventReactor

/// Commands on keys of every type.
extension Session {
    func del(_ frame: Span<UInt8>) {
        var count = 0
        for index in 1..<arg.count {
            let key = frame.extracting(arg[index])
            if keys.find(key) != nil, keys.remove(key) { count += 1 }
        }
        out.integer(count)
    }

    func exists(_ frame: Span<UInt8>) {
        var count = 0
        for index in 1..<arg.count where keys.find(frame.extracting(arg[index])) != nil { count += 1 }
        out.integer(count)
    }

    func expire(_ frame: Span<UInt8>, _ command: String, unit: Int) throws(ReplyError) {
        let options = 3..<max(arg.count, 3)
        let flags = Set(options.map { word(frame, $0) })
        if let index = options.first(where: { !["NX", "XX", "GT", "LT"].contains(word(frame, $0)) }) {
            throw .other("ERR Unsupported option \(text(frame, index))")
        }
        let (nx, xx, gt, lt) = existenceFlags(flags)
        guard !nx || !xx && !gt && !lt else {
            throw .other("ERR NX and XX, GT or LT options at the same time are not compatible")
        }
        guard !gt || !lt else { throw .other("ERR GT and LT options at the same time are not compatible") }
        let time = try deadline(integer(frame, 2), command, unit, mayBePast: true)
        let key = frame.extracting(arg[1])
        guard let entry = keys.find(key) else { return out.boolean(false) }
        let old = entry.expires ? keys.expiry(key) : nil
        // Without an expiry a key lives for ever.
        let isRefused = nx && old != nil || xx && old == nil || gt && time <= old ?? .max || lt && time >= old ?? .max
        guard !isRefused else { return out.boolean(false) }
        if time <= Keyspace.now {
            keys.remove(key)
        } else {
            keys.setExpiry(of: entry, key, time)
            keys.touch(key)
        }
        out.boolean(true)
    }

    func existenceFlags(_ flags: Set<String>) -> (nx: Bool, xx: Bool, gt: Bool, lt: Bool) {
        (flags.contains("NX"), flags.contains("XX"), flags.contains("GT"), flags.contains("LT"))
    }

    func ttl(_ frame: Span<UInt8>, unit: Int) {
        let key = frame.extracting(arg[1])
        guard let entry = keys.find(key) else { return out.integer(-2) }
        guard entry.expires, let expiry = keys.expiry(key) else { return out.integer(-1) }
        out.integer((max(expiry - Keyspace.now, 0) + unit / 2) / unit)
    }

    func persist(_ frame: Span<UInt8>) {
        let key = frame.extracting(arg[1])
        guard let entry = keys.find(key), entry.expires else { return out.boolean(false) }
        keys.setExpiry(of: entry, key, nil)
        keys.touch(key)
        out.boolean(true)
    }

    func type(_ frame: Span<UInt8>) {
        out.simple(keys.find(frame.extracting(arg[1])).map { "\($0.kind)" } ?? "none")
    }

    func keys(_ frame: Span<UInt8>) {
        reply(
            keyed(matching: bytes(frame, 1)) { visit in
                keys.table.forEach(visit)
            })
    }

    func scan(_ frame: Span<UInt8>) throws(ReplyError) {
        guard let cursor = Int(strictly: frame.extracting(arg[1])), cursor >= 0 else {
            throw .other("ERR invalid cursor")
        }
        var (count, pattern, type) = (10, [UInt8(ascii: "*")], String?.none)
        for index in stride(from: 2, to: arg.count, by: 2) {
            switch word(frame, index) {
            case "COUNT" where index + 1 < arg.count: count = try integer(frame, index + 1)
            case "MATCH" where index + 1 < arg.count: pattern = bytes(frame, index + 1)
            case "TYPE" where index + 1 < arg.count: type = word(frame, index + 1).lowercased()
            default: throw .syntax
            }
            guard count > 0 else { throw .syntax }
        }
        var next = 0
        let found = keyed(matching: pattern, type) { visit in
            next = keys.table.scan(from: cursor, count: count, visit)
        }
        out.array(2)
        out.bulk(String(next))
        reply(found)
    }

    /// The entries among those visited that have not expired and are wanted.
    private func keyed(
        matching pattern: [UInt8], _ type: String? = nil, _ visitAll: ((Entry) -> Void) -> Void
    ) -> [Entry] {
        let now = Keyspace.now
        var found: [Entry] = []
        visitAll { entry in
            let isWanted = entry.withKey { key in
                key.matches(pattern.span) && (!entry.expires || (keys.expiry(key) ?? .max) > now)
            }
            if isWanted, type == nil || type == "\(entry.kind)" { found.append(entry) }
        }
        return found
    }

    private func reply(_ entries: [Entry]) {
        out.array(entries.count)
        for entry in entries { out.key(entry) }
    }

    func flushAll(_ frame: Span<UInt8>) throws(ReplyError) {
        guard arg.count == 1 || arg.count == 2 && ["SYNC", "ASYNC"].contains(word(frame, 1)) else {
            throw .syntax
        }
        for keys in server.databases { keys.removeAll() }
        out.ok()
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes match a pattern of Redis: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is meant as it is.
    ///
    /// - Complexity: O(n * m) at worst, since only the last `*` is tried again.
    func matches(_ pattern: Span<UInt8>) -> Bool {
        var (index, position) = (0, 0)
        var retry: (index: Int, position: Int)?
        while index < count || position < pattern.count {
            if position < pattern.count {
                if pattern[position] == UInt8(ascii: "*") {
                    position += 1
                    retry = (index, position)
                    continue
                }
                if index < count, let next = pattern.end(ofElementAt: position, matching: self[index]) {
                    (index, position) = (index + 1, next)
                    continue
                }
            }
            guard let (start, again) = retry, start < count else { return false }
            retry = (start + 1, again)
            (index, position) = (start + 1, again)
        }
        return true
    }

    /// The end of the element of this pattern at an index, if a byte matches it.
    private func end(ofElementAt start: Int, matching byte: UInt8) -> Int? {
        switch self[start] {
        case UInt8(ascii: "?"): return start + 1
        case UInt8(ascii: "\\") where start + 1 < count: return self[start + 1] == byte ? start + 2 : nil
        case UInt8(ascii: "["):
            var index = start + 1
            let isNegated = index < count && self[index] == UInt8(ascii: "^")
            if isNegated { index += 1 }
            var isFound = false
            while index < count, self[index] != UInt8(ascii: "]") {
                if self[index] == UInt8(ascii: "\\"), index + 1 < count {
                    index += 1
                    isFound = isFound || self[index] == byte
                } else if index + 2 < count, self[index + 1] == UInt8(ascii: "-") {
                    let (low, high) = (self[index], self[index + 2])
                    isFound = isFound || Swift.min(low, high)...Swift.max(low, high) ~= byte
                    index += 2
                } else {
                    isFound = isFound || self[index] == byte
                }
                index += 1
            }
            return isFound != isNegated ? Swift.min(index + 1, count) : nil
        default: return self[start] == byte ? start + 1 : nil
        }
    }
}
