import EventReactor

/// Commands on lists, hashes and sets.
extension Session {
    /// Removes a key whose collection has become empty, or notes that it has changed.
    func changed(_ key: Span<UInt8>, _ count: Int) {
        if count == 0 { keys.remove(key) } else { keys.touch(key) }
    }

    // MARK: Lists

    func push(_ frame: Span<UInt8>, atFront: Bool) throws(ReplyError) {
        let key = frame.extracting(arg[1])
        let list = try keys.object(key, .list) { List() }
        for index in 2..<arg.count { list.append(frame.extracting(arg[index]), atFront: atFront) }
        keys.touch(key)
        out.integer(list.count)
    }

    func pop(_ frame: Span<UInt8>, _ command: String, atFront: Bool) throws(ReplyError) {
        guard arg.count <= 3 else { throw .arity(of: command) }
        let wanted = arg.count == 3 ? try integer(frame, 2, orThrow: .notPositive) : nil
        if let wanted, wanted < 0 { throw .notPositive }
        let key = frame.extracting(arg[1])
        guard let list: List = try keys.object(key, .list) else {
            return wanted == nil ? out.null() : out.nullArray()
        }
        let count = min(wanted ?? 1, list.count)
        if wanted != nil { out.array(count) }
        for _ in 0..<count {
            guard let element = list.pop(atFront: atFront) else { break }
            out.key(element)
            element.free()
        }
        if count > 0 { changed(key, list.count) }
    }

    func lrange(_ frame: Span<UInt8>) throws(ReplyError) {
        let (first, last) = (try integer(frame, 2), try integer(frame, 3))
        let list: List? = try keys.object(frame.extracting(arg[1]), .list)
        let range = ranks(first, last, of: list?.count ?? 0)
        out.array(range.count)
        if let list { for index in range { out.key(list[index]) } }
    }

    /// The range of indices between two, of which negative ones count from the end.
    func ranks(_ first: Int, _ last: Int, of count: Int) -> Range<Int> {
        let lower = max(first < 0 ? first + count : first, 0)
        let upper = min(last < 0 ? last + count : last, count - 1)
        return lower <= upper ? lower..<upper + 1 : 0..<0
    }

    // MARK: Hashes

    func hset(_ frame: Span<UInt8>) throws(ReplyError) {
        guard arg.count % 2 == 0 else { throw .arity(of: "hset") }
        let key = frame.extracting(arg[1])
        let hash = try keys.object(key, .hash) { Table() }
        var count = 0
        for index in stride(from: 2, to: arg.count, by: 2) {
            if hash.set(frame.extracting(arg[index]), to: frame.extracting(arg[index + 1])).isNew { count += 1 }
        }
        keys.touch(key)
        out.integer(count)
    }

    func hget(_ frame: Span<UInt8>) throws(ReplyError) {
        let hash: Table? = try keys.object(frame.extracting(arg[1]), .hash)
        if let entry = hash?.find(frame.extracting(arg[2])) { out.value(entry) } else { out.null() }
    }

    func hgetAll(_ frame: Span<UInt8>) throws(ReplyError) {
        let hash: Table? = try keys.object(frame.extracting(arg[1]), .hash)
        out.map(hash?.count ?? 0)
        hash?.forEach {
            out.key($0)
            out.value($0)
        }
    }

    func hincrBy(_ frame: Span<UInt8>) throws(ReplyError) {
        let difference = try integer(frame, 3)
        let key = frame.extracting(arg[1])
        let field = frame.extracting(arg[2])
        let old = try keys.object(key, .hash, as: Table.self)?.find(field)
        guard let value = old.map({ $0.withValue { Int(strictly: $0) } }) ?? 0 else {
            throw .other("ERR hash value is not an integer")
        }
        let (sum, overflow) = value.addingReportingOverflow(difference)
        guard !overflow else { throw .overflow }
        let digits = String(sum)
        try keys.object(key, .hash) { Table() }.set(field, to: digits.utf8.span)
        keys.touch(key)
        out.integer(sum)
    }

    func removeMembers(_ frame: Span<UInt8>, _ kind: Kind) throws(ReplyError) {
        let key = frame.extracting(arg[1])
        guard let table: Table = try keys.object(key, kind) else { return out.integer(0) }
        let before = table.count
        for index in 2..<arg.count { table.remove(frame.extracting(arg[index]))?.free() }
        out.integer(before - table.count)
        if table.count < before { changed(key, table.count) }
    }

    func countMembers(_ frame: Span<UInt8>, _ kind: Kind) throws(ReplyError) {
        let table: Table? = try keys.object(frame.extracting(arg[1]), kind)
        out.integer(table?.count ?? 0)
    }

    // MARK: Sets

    func sadd(_ frame: Span<UInt8>) throws(ReplyError) {
        let key = frame.extracting(arg[1])
        let set = try keys.object(key, .set) { Table() }
        let before = set.count
        for index in 2..<arg.count { _ = set.findOrInsert(frame.extracting(arg[index])) }
        if set.count > before { keys.touch(key) }
        out.integer(set.count - before)
    }

    func smembers(_ frame: Span<UInt8>) throws(ReplyError) {
        let set: Table? = try keys.object(frame.extracting(arg[1]), .set)
        out.set(set?.count ?? 0)
        set?.forEach { out.key($0) }
    }

    func sismember(_ frame: Span<UInt8>) throws(ReplyError) {
        let set: Table? = try keys.object(frame.extracting(arg[1]), .set)
        out.boolean(set?.find(frame.extracting(arg[2])) != nil)
    }

    func spop(_ frame: Span<UInt8>) throws(ReplyError) {
        guard arg.count <= 3 else { throw .syntax }
        let wanted = arg.count == 3 ? try integer(frame, 2, orThrow: .notPositive) : nil
        if let wanted, wanted < 0 { throw .notPositive }
        let key = frame.extracting(arg[1])
        guard let set: Table = try keys.object(key, .set) else {
            return wanted == nil ? out.null() : out.set(0)
        }
        let count = min(wanted ?? 1, set.count)
        if wanted != nil { out.set(count) }
        for _ in 0..<count {
            let member = set.randomEntry()
            out.key(member)
            member.withKey { _ = set.remove($0) }
            member.free()
        }
        if count > 0 { changed(key, set.count) }
    }
}
