// The library's server. Options:
//   --port N             where to listen on 127.0.0.1; 0 for any
//   --buffering WHICH    direct (the default) or bufferevent
//   --mode WHICH         echo (the default), or lines: each line is answered by a write of its own
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

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            guard let value = rest.next() else { Self.explain() }
            switch (name, value) {
            case ("--port", _) where Int(value) != nil: port = Int(value) ?? 0
            case ("--buffering", "direct"), ("--buffering", "bufferevent"): buffering = value
            case ("--mode", "echo"), ("--mode", "lines"): mode = value
            default: Self.explain()
            }
        }
    }

    static func explain() -> Never {
        print("usage: ReactorEcho [--port N] [--buffering direct|bufferevent] [--mode echo|lines]")
        exit(2)
    }
}

@main struct ReactorEcho {
    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        let lines = options.mode == "lines"
        let reactor = try Reactor()
        let port = try reactor.listenTCP(
            port: options.port,
            host: "127.0.0.1",
            backlog: 4096,
            buffering: options.buffering == "bufferevent" ? .bufferevent : .direct
        ) {
            lines ? EchoLines() : Echo()
        }
        reactor.onSignal(SIGUSR1) { [unowned reactor] in reactor.releaseMemory() }
        print("listening on \(port.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
