// The library's server. Options:
//   --port N             where to listen on 127.0.0.1; 0 for any
//   --buffering WHICH    direct (the default) or bufferevent
//   --mode WHICH         echo (the default), or lines: each line is answered by a write of its own
//   --accepts N          the most connections accepted in a turn
//   --reuse-port WHICH   on: other processes may listen on the port too; off (the default)
// SIGUSR1 has it give the memory back that it keeps for reuse.

import EventReactor
import Glibc

final class Echo: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }
}

/// Answers each line by a write of its own, as a server of pipelined requests would.
final class EchoLines: Protocol {
    private var unfinished: [UInt8] = []

    override func dataReceived(_ data: Span<UInt8>) {
        var start = 0
        for index in data.indices where data[index] == UInt8(ascii: "\n") {
            let line = data.extracting(start..<index + 1)
            if unfinished.isEmpty {
                transport.write(line)
            } else {
                append(line)
                transport.write(unfinished)
                unfinished.removeAll(keepingCapacity: true)
            }
            start = index + 1
        }
        if start < data.count {
            append(data.extracting(start..<data.count))
        }
    }

    private func append(_ bytes: Span<UInt8>) {
        for index in bytes.indices {
            unfinished.append(bytes[index])
        }
    }
}

struct Options {
    var port = 0
    var buffering = "direct"
    var mode = "echo"
    var reusePort = false
    var accepts: Int?

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            guard let value = rest.next() else { Self.explain() }
            switch (name, value) {
            case ("--port", _) where Int(value) != nil: port = Int(value) ?? 0
            case ("--buffering", "direct"), ("--buffering", "bufferevent"): buffering = value
            case ("--mode", "echo"), ("--mode", "lines"): mode = value
            case ("--accepts", _) where Int(value) != nil: accepts = Int(value)
            case ("--reuse-port", "on"), ("--reuse-port", "off"): reusePort = value == "on"
            default: Self.explain()
            }
        }
    }

    static func explain() -> Never {
        print(
            """
            usage: ReactorEcho [--port N] [--buffering direct|bufferevent] [--mode echo|lines] [--reuse-port on|off]
                               [--accepts N]
            """)
        exit(2)
    }
}

@main struct ReactorEcho {
    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        let lines = options.mode == "lines"
        var listening = ListenOptions()
        listening.reusePort = options.reusePort
        var configuration = Reactor.Configuration()
        if let accepts = options.accepts { configuration.acceptsPerTurn = accepts }
        let reactor = try Reactor(configuration: configuration)
        let port = try reactor.listenTCP(
            port: options.port,
            host: "127.0.0.1",
            backlog: 4096,
            buffering: options.buffering == "bufferevent" ? .bufferevent : .direct,
            options: listening
        ) {
            lines ? EchoLines() : Echo()
        }
        reactor.onSignal(SIGUSR1) { [unowned reactor] in reactor.releaseMemory() }
        print("listening on \(port.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
