// A server that Redis's clients take for Redis, as far as its commands go: strings, lists, hashes, sets, sorted sets,
// expiry, transactions, channels; RESP2 and RESP3. It keeps nothing on disk. Try it:
//
//     swift run -c release RedisServer 6379
//     redis-cli set greeting hello
//
// How it is built, in the order in which a command passes:
//
// - `RESPFramer` finds where a command ends, and the ranges of its arguments.
// - `Session` looks the command up (`Command`) and calls the method that answers it (`Session+...`). The arguments are
//   parts of the received bytes: nothing is copied before it is stored.
// - `Keyspace` has the keys: a `Table` of entries, each of which is one block of memory with key and value.
// - `Output` gathers the replies. All commands that came in one piece are answered by one write.

import EventReactor
import Glibc

guard let port = Int(CommandLine.arguments.dropFirst().first ?? "6379") else {
    print("usage: RedisServer [port]")
    exit(2)
}
do {
    let reactor = try Reactor()
    let server = Server(on: reactor)
    print("RedisServer listens at \(try server.listen(port: port))")
    try reactor.run()
} catch {
    print("RedisServer: \(error)")
    exit(1)
}
