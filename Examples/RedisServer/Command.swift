import EventReactor

/// A command: its name, how many arguments it takes, and the method that answers it.
struct Command: Sendable {
    struct Flags: OptionSet {
        let rawValue: UInt8
        /// Allowed to a RESP2 client that has subscribed.
        static let whileSubscribed = Flags(rawValue: 1)
        /// Executed in a transaction, not queued.
        static let neverQueued = Flags(rawValue: 2)
    }

    let name: String
    /// The number of arguments, the name among them; negative for at least so many.
    let arity: Int
    let flags: Flags
    let run: @Sendable (Session, Span<UInt8>) throws -> Void

    init(
        _ name: String, _ arity: Int, _ flags: Flags = [],
        _ run: @escaping @Sendable (Session, Span<UInt8>) throws -> Void
    ) {
        self.name = name
        self.arity = arity
        self.flags = flags
        self.run = run
    }

    static let all: [Command] = [
        Command("ping", -1, .whileSubscribed) { try $0.ping($1) },
        Command("echo", 2) { $0.out.bulk($1.extracting($0.arg[1])) },
        Command("hello", -1) { try $0.hello($1) },
        Command("select", 2) { try $0.select($1) },
        Command("host:", -1, .neverQueued) { session, _ in session.refuse() },
        Command("post", -1, .neverQueued) { session, _ in session.refuse() },
        Command("quit", -1, [.whileSubscribed, .neverQueued]) { session, _ in session.quit() },
        Command("reset", 1, [.whileSubscribed, .neverQueued]) { session, _ in session.reset() },
        Command("info", -1) { $0.info($1) },
        Command("config", -2) { try $0.config($1) },
        Command("client", -2) { try $0.client($1) },
        Command("command", -1) { try $0.command($1) },

        Command("get", 2) { try $0.get($1) },
        Command("set", -3) { try $0.set($1) },
        Command("getdel", 2) { try $0.getDel($1) },
        Command("incr", 2) { try $0.increment($1, by: 1) },
        Command("decr", 2) { try $0.increment($1, by: -1) },
        Command("incrby", 3) { try $0.increment($1, by: $0.integer($1, 2)) },
        Command("decrby", 3) { try $0.increment($1, by: $0.negated($1, 2)) },
        Command("append", 3) { try $0.append($1) },
        Command("strlen", 2) { session, frame in
            session.out.integer(try session.keys.string(frame.extracting(session.arg[1]))?.valueCount ?? 0)
        },
        Command("mget", -2) { $0.mget($1) },
        Command("mset", -3) { try $0.mset($1) },

        Command("del", -2) { $0.del($1) },
        Command("exists", -2) { $0.exists($1) },
        Command("expire", -3) { try $0.expire($1, "expire", unit: 1000) },
        Command("pexpire", -3) { try $0.expire($1, "pexpire", unit: 1) },
        Command("ttl", 2) { $0.ttl($1, unit: 1000) },
        Command("pttl", 2) { $0.ttl($1, unit: 1) },
        Command("persist", 2) { $0.persist($1) },
        Command("type", 2) { $0.type($1) },
        Command("keys", 2) { $0.keys($1) },
        Command("scan", -2) { try $0.scan($1) },
        Command("dbsize", 1) { session, _ in session.out.integer(session.keys.table.count) },
        Command("flushall", -1) { try $0.flushAll($1) },

        Command("lpush", -3) { try $0.push($1, atFront: true) },
        Command("rpush", -3) { try $0.push($1, atFront: false) },
        Command("lpop", -2) { try $0.pop($1, "lpop", atFront: true) },
        Command("rpop", -2) { try $0.pop($1, "rpop", atFront: false) },
        Command("llen", 2) { session, frame in
            let list: List? = try session.keys.object(frame.extracting(session.arg[1]), .list)
            session.out.integer(list?.count ?? 0)
        },
        Command("lrange", 4) { try $0.lrange($1) },

        Command("hset", -4) { try $0.hset($1) },
        Command("hget", 3) { try $0.hget($1) },
        Command("hdel", -3) { try $0.removeMembers($1, .hash) },
        Command("hgetall", 2) { try $0.hgetAll($1) },
        Command("hlen", 2) { try $0.countMembers($1, .hash) },
        Command("hincrby", 4) { try $0.hincrBy($1) },

        Command("sadd", -3) { try $0.sadd($1) },
        Command("srem", -3) { try $0.removeMembers($1, .set) },
        Command("smembers", 2) { try $0.smembers($1) },
        Command("sismember", 3) { try $0.sismember($1) },
        Command("scard", 2) { try $0.countMembers($1, .set) },
        Command("spop", -2) { try $0.spop($1) },

        Command("zadd", -4) { try $0.zadd($1) },
        Command("zrange", -4) { try $0.zrange($1) },
        Command("zrevrange", -4) { try $0.zrange($1, reversed: true) },
        Command("zscore", 3) { try $0.zscore($1) },
        Command("zrem", -3) { try $0.zrem($1) },

        Command("subscribe", -2, .whileSubscribed) { $0.subscribe($1, toPatterns: false) },
        Command("psubscribe", -2, .whileSubscribed) { $0.subscribe($1, toPatterns: true) },
        Command("unsubscribe", -1, .whileSubscribed) { $0.unsubscribe($1, fromPatterns: false) },
        Command("punsubscribe", -1, .whileSubscribed) { $0.unsubscribe($1, fromPatterns: true) },
        Command("publish", 3) { $0.publish($1) },

        Command("multi", 1, .neverQueued) { session, _ in try session.multi() },
        Command("exec", 1, .neverQueued) { session, _ in try session.exec() },
        Command("discard", 1, .neverQueued) { session, _ in try session.discard() },
        Command("watch", -2, .neverQueued) { try $0.watch($1) },
        Command("unwatch", 1) { session, _ in session.unwatch() },
    ]
}

/// Finds commands by name: of up to 15 bytes, packed into one number with their count.
struct CommandTable {
    private let commands = Dictionary(uniqueKeysWithValues: Command.all.map { (pack($0.name.utf8.span), $0) })

    @inline(__always) func find(_ name: Span<UInt8>) -> Command? { commands[CommandTable.pack(name)] }

    /// Leaves out the bit by which small letters differ from capital ones.
    @inline(__always) private static func pack(_ name: Span<UInt8>) -> UInt128 {
        guard name.count < 16 else { return 0 }
        var packed = UInt128(UInt8(name.count + 1))
        for index in 0..<name.count { packed = (packed << 8) | UInt128(name[index] & 0xDF) }
        return packed
    }
}
