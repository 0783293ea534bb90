import EventReactor

/// Commands on strings.
extension Session {
    func get(_ frame: Span<UInt8>) throws(ReplyError) {
        if let entry = try keys.string(frame.extracting(arg[1])) { out.value(entry) } else { out.null() }
    }

    func set(_ frame: Span<UInt8>) throws(ReplyError) {
        let key = frame.extracting(arg[1])
        let value = frame.extracting(arg[2])
        guard arg.count > 3 else {
            keys.set(key, to: value)
            return out.ok()
        }
        var (mustExist, replies, keepsExpiry, expiry) = (Bool?.none, false, false, (index: Int, option: String)?.none)
        var index = 3
        while index < arg.count {
            let option = word(frame, index)
            switch option {
            case "NX" where mustExist != true: mustExist = false
            case "XX" where mustExist != false: mustExist = true
            case "GET": replies = true
            case "KEEPTTL" where expiry == nil: keepsExpiry = true
            case "EX", "PX", "EXAT", "PXAT":
                index += 1
                guard index < arg.count, !keepsExpiry, expiry == nil else { throw .syntax }
                expiry = (index, option)
            default: throw .syntax
            }
            index += 1
        }
        let time: Int? =
            if let expiry {
                try deadline(
                    integer(frame, expiry.index), "set", expiry.option.hasPrefix("EX") ? 1000 : 1,
                    isAbsolute: expiry.option.hasSuffix("AT"), mayBePast: false)
            } else { nil }
        let old = keys.find(key)
        if replies {
            if let old, old.kind != .string { throw .wrongType }
            if let old { out.value(old) } else { out.null() }
        }
        guard mustExist == nil || mustExist == (old != nil) else { return replies ? () : out.null() }
        keys.set(key, to: value, keepingExpiry: keepsExpiry)
        if let time, let entry = keys.table.find(key) { keys.setExpiry(of: entry, key, time) }
        if !replies { out.ok() }
    }

    /// Returns a time of expiry in milliseconds since 1970.
    func deadline(
        _ value: Int, _ command: String, _ unit: Int, isAbsolute: Bool = false, mayBePast: Bool
    ) throws(ReplyError) -> Int {
        let (milliseconds, overflow) = value.multipliedReportingOverflow(by: unit)
        let (time, overflow2) = milliseconds.addingReportingOverflow(isAbsolute ? 0 : Keyspace.now)
        guard !overflow, !overflow2, mayBePast || value > 0 else { throw .expireTime(of: command) }
        return time
    }

    func getDel(_ frame: Span<UInt8>) throws(ReplyError) {
        try get(frame)
        keys.remove(frame.extracting(arg[1]))
    }

    func increment(_ frame: Span<UInt8>, by difference: Int) throws(ReplyError) {
        let key = frame.extracting(arg[1])
        let old = try keys.string(key)
        guard let value = old.map({ $0.withValue { Int(strictly: $0) } }) ?? 0 else { throw .notAnInteger }
        let (sum, overflow) = value.addingReportingOverflow(difference)
        guard !overflow else { throw .overflow }
        // Up to 15 digits are in the string itself: no allocation.
        let digits = String(sum)
        if let old, old.store(digits.utf8.span) {
            keys.touch(key)
        } else {
            keys.set(key, to: digits.utf8.span, keepingExpiry: true)
        }
        out.integer(sum)
    }

    func negated(_ frame: Span<UInt8>, _ index: Int) throws(ReplyError) -> Int {
        let value = try integer(frame, index)
        guard value != .min else { throw .other("ERR decrement would overflow") }
        return -value
    }

    func append(_ frame: Span<UInt8>) throws(ReplyError) {
        let key = frame.extracting(arg[1])
        let value = frame.extracting(arg[2])
        let old = try keys.string(key)
        guard (old?.valueCount ?? 0) + value.count <= RESPFramer.longestBulk else {
            throw .other("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
        }
        out.integer(keys.table.set(key, to: value, appending: true).entry.valueCount)
        keys.touch(key)
    }

    func mget(_ frame: Span<UInt8>) {
        out.array(arg.count - 1)
        for index in 1..<arg.count {
            if let entry = keys.find(frame.extracting(arg[index])), entry.kind == .string {
                out.value(entry)
            } else {
                out.null()
            }
        }
    }

    func mset(_ frame: Span<UInt8>) throws(ReplyError) {
        guard arg.count % 2 == 1 else { throw .arity(of: "mset") }
        for index in stride(from: 1, to: arg.count, by: 2) {
            keys.set(frame.extracting(arg[index]), to: frame.extracting(arg[index + 1]))
        }
        out.ok()
    }
}
