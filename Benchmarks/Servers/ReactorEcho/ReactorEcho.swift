// The library's server. Options:
//   --port N             the port to listen at on 127.0.0.1; 0 for any
//   --buffering WHICH    direct (the default) or bufferevent
//   --mode WHICH         echo (the default), lines, sink or source
//   --accepts N          the most connections accepted in a turn
//   --reuse-port WHICH   on: other processes may listen on the port too; off (the default)
// SIGUSR1 has it give the memory back that it keeps for reuse.

import EventReactor
import Glibc
import Modes

final class Echo: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }
}

struct Options {
    var port = 0
    var buffering = "direct"
    var mode = Mode.echo
    var reusePort = false
    var accepts: Int?

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            guard let value = rest.next() else { Self.explain() }
            switch (name, value) {
            case ("--port", _) where Int(value) != nil: port = Int(value) ?? 0
            case ("--buffering", "direct"), ("--buffering", "bufferevent"): buffering = value
            case ("--mode", _) where Mode(rawValue: value) != nil: mode = Mode(rawValue: value) ?? .echo
            case ("--accepts", _) where Int(value) != nil: accepts = Int(value)
            case ("--reuse-port", "on"), ("--reuse-port", "off"): reusePort = value == "on"
            default: Self.explain()
            }
        }
    }

    static func explain() -> Never {
        print(
            """
            usage: ReactorEcho [--port N] [--buffering direct|bufferevent] [--mode echo|lines|sink|source]
                               [--reuse-port on|off] [--accepts N]
            """)
        exit(2)
    }
}

@main struct ReactorEcho {
    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        let mode = options.mode
        let stream = StreamOptions(buffering: options.buffering == "bufferevent" ? .bufferevent : .direct)
        let listening = ListenOptions(stream: stream, reusePort: options.reusePort)
        var configuration = Reactor.Configuration()
        if let accepts = options.accepts { configuration.acceptsPerTurn = accepts }
        let reactor = try Reactor(configuration: configuration)
        let port = try reactor.listenTCP(
            port: options.port,
            host: "127.0.0.1",
            backlog: 4096,
            options: listening
        ) { [unowned reactor] in
            mode.makeProtocol(on: reactor) ?? Echo()
        }
        reactor.onSignal(SIGUSR1) { [unowned reactor] in reactor.releaseMemory() }
        print("listening on \(port.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
