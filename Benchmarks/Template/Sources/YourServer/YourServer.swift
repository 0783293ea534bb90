// Your protocol on libevent and on epoll alone, for `./bench compare`. Options:
//   --port N      the port to listen at on 127.0.0.1; 0 for any
//   --on WHICH    libevent (the default), bufferevent or native

import EventReactor
import EventReactorNative
import Glibc

/// Your protocol goes here: this one answers "GET name\n" by the length of the name and the name, "4 name\n".
final class YourProtocol: Protocol {
    private var unfinished: [UInt8] = []

    override func dataReceived(_ data: Span<UInt8>) throws {
        var start = 0
        while let end = data.firstIndex(of: UInt8(ascii: "\n"), from: start) {
            if unfinished.isEmpty {
                try answer(data.extracting(start..<end))
            } else {
                keep(data.extracting(start..<end))
                let line = unfinished
                unfinished.removeAll(keepingCapacity: true)
                try answer(line.span)
            }
            start = end + 1
        }
        keep(data.extracting(start..<data.count))
    }

    private func answer(_ line: Span<UInt8>) throws {
        guard line.starts(with: "GET ") else { throw Mistake.unknownRequest }
        let name = line.extracting(4..<line.count)
        transport.write("\(name.count) ")
        transport.write(name)
        transport.write("\n")
    }

    private func keep(_ bytes: Span<UInt8>) {
        for index in bytes.indices { unfinished.append(bytes[index]) }
    }

    enum Mistake: Error { case unknownRequest }
}

@main struct YourServer {
    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        // Any reactor will do: the rest uses only members of all reactors.
        let reactor: ReactorBase = options.engine == "native" ? try NativeReactor() : try Reactor()
        var listening = ListenOptions()
        if options.engine == "bufferevent" { listening.stream.buffering = .bufferevent }
        let listener = try reactor.listenTCP(port: options.port, host: "127.0.0.1", options: listening) {
            YourProtocol()
        }
        // The line that the harness waits for.
        print("listening on \(listener.localAddress.port!)")
        fflush(nil)
        try reactor.run()
    }
}

struct Options {
    var port = 0
    var engine = "libevent"

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            switch (name, rest.next()) {
            case ("--port", let value?) where Int(value) != nil: port = Int(value) ?? 0
            case ("--on", let value?) where ["libevent", "bufferevent", "native"].contains(value): engine = value
            default:
                print("usage: YourServer [--port N] [--on libevent|bufferevent|native]")
                exit(2)
            }
        }
    }
}
