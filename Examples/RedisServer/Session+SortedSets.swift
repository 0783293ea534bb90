import EventReactor

/// Commands on sorted sets.
extension Session {
    func zadd(_ frame: Span<UInt8>) throws(ReplyError) {
        var (flags, first) = (Set<String>(), 2)
        while first < arg.count, ["NX", "XX", "GT", "LT", "CH", "INCR"].contains(word(frame, first)) {
            flags.insert(word(frame, first))
            first += 1
        }
        let (nx, xx, gt, lt) = existenceFlags(flags)
        let isIncrement = flags.contains("INCR")
        let count = arg.count - first
        guard count > 0, count % 2 == 0 else { throw .syntax }
        guard !nx || !xx else { throw .other("ERR XX and NX options at the same time are not compatible") }
        guard !(gt && nx || lt && nx || gt && lt) else {
            throw .other("ERR GT, LT, and/or NX options at the same time are not compatible")
        }
        guard !isIncrement || count == 2 else {
            throw .other("ERR INCR option supports a single increment-element pair")
        }
        // All are read before the first is set.
        var scores: [Double] = []
        for index in stride(from: first, to: arg.count, by: 2) {
            scores.append(try double(frame.extracting(arg[index]), orThrow: .notAFloat))
        }
        let key = frame.extracting(arg[1])
        let existing: SortedSet? = try keys.object(key, .zset)
        if existing == nil, xx { return isIncrement ? out.null() : out.integer(0) }
        let set = if let existing { existing } else { try keys.object(key, .zset) { SortedSet() } }
        var (added, updated, result) = (0, 0, Double?.none)
        for (position, given) in scores.enumerated() {
            let member = frame.extracting(arg[first + 2 * position + 1])
            let old = set.score(member)
            guard old == nil ? !xx : !nx else { continue }
            let score = isIncrement ? (old ?? 0) + given : given
            guard !score.isNaN else { throw .other("ERR resulting score is not a number (NaN)") }
            if let old, gt && score <= old || lt && score >= old { continue }
            result = score
            guard score != old else { continue }
            if old == nil { added += 1 } else { updated += 1 }
            set.set(member, to: score)
        }
        if added + updated > 0 { keys.touch(key) }
        guard isIncrement else { return out.integer(flags.contains("CH") ? added + updated : added) }
        if let result { out.double(result) } else { out.null() }
    }

    private func double(_ bytes: Span<UInt8>, orThrow error: ReplyError) throws(ReplyError) -> Double {
        guard let value = Double(String(decoding: bytes, as: UTF8.self)), !value.isNaN else { throw error }
        return value
    }

    func zscore(_ frame: Span<UInt8>) throws(ReplyError) {
        let set: SortedSet? = try keys.object(frame.extracting(arg[1]), .zset)
        if let score = set?.score(frame.extracting(arg[2])) { out.double(score) } else { out.null() }
    }

    func zrem(_ frame: Span<UInt8>) throws(ReplyError) {
        let key = frame.extracting(arg[1])
        guard let set: SortedSet = try keys.object(key, .zset) else { return out.integer(0) }
        let before = set.count
        for index in 2..<arg.count { set.remove(frame.extracting(arg[index])) }
        out.integer(before - set.count)
        if set.count < before { changed(key, set.count) }
    }

    /// By ranks or by scores; an order of bytes (`BYLEX`) is not offered.
    func zrange(_ frame: Span<UInt8>, reversed: Bool = false) throws(ReplyError) {
        var (byScore, reversed, withScores, limit) = (false, reversed, false, (offset: Int, count: Int)?.none)
        var index = 4
        while index < arg.count {
            switch word(frame, index) {
            case "BYSCORE": byScore = true
            case "REV": reversed = true
            case "WITHSCORES": withScores = true
            case "LIMIT" where index + 2 < arg.count:
                limit = (try integer(frame, index + 1), try integer(frame, index + 2))
                index += 2
            default: throw .syntax
            }
            index += 1
        }
        guard limit == nil || byScore else {
            throw .other("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
        }
        let range = byScore ? try scoreRange(frame, reversed) : try rankRange(frame, reversed)
        guard let set: SortedSet = try keys.object(frame.extracting(arg[1]), .zset) else { return out.array(0) }
        var ranks = range(set)
        if let limit {
            let offset = limit.offset < 0 ? ranks.count : min(limit.offset, ranks.count)
            ranks = reversed ? ranks.dropLast(offset) : ranks.dropFirst(offset)
            if 0..<ranks.count ~= limit.count {
                ranks = reversed ? ranks.suffix(limit.count) : ranks.prefix(limit.count)
            }
        }
        let arePairs = withScores && isRESP3
        out.array(withScores && !arePairs ? ranks.count * 2 : ranks.count)
        set.forEach(ranks, reversed: reversed) { item in
            if arePairs { out.array(2) }
            out.key(item.entry)
            if withScores { out.double(item.score) }
        }
    }

    private func rankRange(_ frame: Span<UInt8>, _ reversed: Bool) throws(ReplyError) -> (SortedSet) -> Range<Int> {
        let (first, last) = (try integer(frame, 2), try integer(frame, 3))
        return { set in
            let range = self.ranks(first, last, of: set.count)
            return reversed && !range.isEmpty ? set.count - range.upperBound..<set.count - range.lowerBound : range
        }
    }

    private func scoreRange(_ frame: Span<UInt8>, _ reversed: Bool) throws(ReplyError) -> (SortedSet) -> Range<Int> {
        let low = try scoreBound(frame.extracting(arg[reversed ? 3 : 2]))
        let high = try scoreBound(frame.extracting(arg[reversed ? 2 : 3]))
        return { set in
            let first = set.rank { low.isExclusive ? $0.score <= low.score : $0.score < low.score }
            let end = set.rank { high.isExclusive ? $0.score < high.score : $0.score <= high.score }
            return first..<max(first, end)
        }
    }

    private func scoreBound(_ bytes: Span<UInt8>) throws(ReplyError) -> (score: Double, isExclusive: Bool) {
        let isExclusive = !bytes.isEmpty && bytes[0] == UInt8(ascii: "(")
        return (try double(bytes.extracting(droppingFirst: isExclusive ? 1 : 0), orThrow: .minOrMax), isExclusive)
    }
}
