import EventReactor
import Glibc

/// One database: keys with their values, when they expire, and who watches them.
final class Keyspace {
    private(set) var table = Table()
    /// Milliseconds since 1970, by key: few keys have them, and the others do not pay for it.
    private(set) var expiries = Table()
    private var watchers: [[UInt8]: [Session]] = [:]
    private var expiryCursor = 0

    /// The time, in milliseconds since 1970.
    static var now: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    // MARK: Finding

    /// Returns the entry of a key, unless it has expired.
    @inline(__always) func find(_ key: Span<UInt8>) -> Entry? {
        guard let entry = table.find(key) else { return nil }
        return entry.expires ? unexpired(entry, key) : entry
    }

    @inline(never) private func unexpired(_ entry: Entry, _ key: Span<UInt8>) -> Entry? {
        guard let expiry = expiry(key), expiry <= Keyspace.now else { return entry }
        remove(key)
        return nil
    }

    func string(_ key: Span<UInt8>) throws(ReplyError) -> Entry? {
        guard let entry = find(key) else { return nil }
        guard entry.kind == .string else { throw .wrongType }
        return entry
    }

    func object<Object: AnyObject>(
        _ key: Span<UInt8>, _ kind: Kind, as type: Object.Type = Object.self
    ) throws(ReplyError) -> Object? {
        guard let entry = find(key) else { return nil }
        guard entry.kind == kind else { throw .wrongType }
        return entry.object(as: type)
    }

    func object<Object: AnyObject>(
        _ key: Span<UInt8>, _ kind: Kind, orMake make: () -> Object
    ) throws(ReplyError) -> Object {
        if let object = try object(key, kind, as: Object.self) { return object }
        let object = make()
        table.findOrInsert(key, valueCount: 8).entry.setObject(object, kind)
        return object
    }

    // MARK: Changing

    func set(_ key: Span<UInt8>, to value: Span<UInt8>, keepingExpiry: Bool = false) {
        let entry = table.set(key, to: value).entry
        if entry.expires, !keepingExpiry { setExpiry(of: entry, key, nil) }
        touch(key)
    }

    @discardableResult
    func remove(_ key: Span<UInt8>) -> Bool {
        guard let entry = table.remove(key) else { return false }
        if entry.expires { expiries.remove(key)?.free() }
        touch(key)
        entry.free()
        return true
    }

    func removeAll() {
        table = Table()
        expiries = Table()
        for key in watchers.keys { touch(key.span) }
    }

    // MARK: Expiry

    func expiry(_ key: Span<UInt8>) -> Int? { expiries.find(key).map { Int($0.word) } }

    func setExpiry(of entry: Entry, _ key: Span<UInt8>, _ expiry: Int?) {
        entry.expires = expiry != nil
        if let expiry {
            expiries.findOrInsert(key, valueCount: 8).entry.word = UInt64(max(expiry, 0))
        } else {
            expiries.remove(key)?.free()
        }
    }

    /// Removes some keys that have expired and that no command asks for; a quarter of those visited says: more.
    func removeExpired() -> Bool {
        let now = Keyspace.now
        var visited = 0
        var expired: [[UInt8]] = []
        expiryCursor = expiries.scan(from: expiryCursor, count: 100) { entry in
            visited += 1
            if Int(entry.word) <= now { expired.append(entry.withKey { [UInt8]($0) }) }
        }
        for key in expired { remove(key.span) }
        return expired.count * 4 > visited
    }

    // MARK: Watching

    /// Returns whether the session did not watch the key before.
    func watch(_ key: [UInt8], by session: Session) -> Bool {
        guard watchers[key]?.contains(where: { $0 === session }) != true else { return false }
        watchers[key, default: []].append(session)
        return true
    }

    func unwatch(_ key: [UInt8], by session: Session) {
        watchers[key]?.removeAll { $0 === session }
        if watchers[key]?.isEmpty == true { watchers[key] = nil }
    }

    /// A key has changed: transactions that watch it fail.
    @inline(__always) func touch(_ key: Span<UInt8>) {
        if !watchers.isEmpty { watchers[[UInt8](key)]?.forEach { $0.watchedKeyChanged() } }
    }
}
