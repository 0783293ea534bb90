// The library's server on several processors. Options:
//   --port N           the port to listen at on 127.0.0.1; 0 for any
//   --reactors N       how many reactors; one a processor unless given
//   --acceptor         one reactor accepts and distributes connections in turn
//   --fewest           the same, each to the reactor with the fewest connections
//   --private-tables   each thread has a descriptor table of its own
//   --pin              each thread has a processor of its own
//   --lines            each line is answered by a write of its own

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
    var reactors: Int?
    var mode = Mode.echo
    var group = ReactorGroup.Configuration()

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        func number() -> Int {
            guard let number = rest.next().flatMap({ Int($0) }) else { Self.explain() }
            return number
        }
        while let name = rest.next() {
            switch name {
            case "--port": port = number()
            case "--reactors": reactors = number()
            case "--acceptor": group.accepting = .acceptor
            case "--fewest": group.accepting = .acceptor(handing: .toFewestConnections)
            case "--private-tables": group.privateDescriptorTables = true
            case "--pin": group.pinning = .inOrder
            case "--lines": mode = .lines
            default: Self.explain()
            }
        }
    }

    static func explain() -> Never {
        print("usage: GroupEcho [--port N] [--reactors N] [--acceptor] [--fewest] [--private-tables] [--pin] [--lines]")
        exit(2)
    }
}

@main struct GroupEcho {
    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        let port = options.port
        let mode = options.mode
        let group = try ReactorGroup(count: options.reactors, configuration: options.group) { reactor in
            try reactor.listenTCP(port: port, host: "127.0.0.1") { [unowned reactor] in
                mode.makeProtocol(on: reactor) ?? Echo()
            }
        }
        try group.run {
            print("listening on \(group.localAddresses[0].port!)")
            fflush(nil)  // a pipe is not flushed by the line
        }
    }
}
