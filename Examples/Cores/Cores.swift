// A server on all processors that counts what it answers, each reactor for itself and without a lock. Try it:
//
//     swift run -c release Cores
//     yes | head -1000 | nc -N 127.0.0.1 8007 | tail -1

import EventReactor
import Glibc

/// Counts of one reactor: all its connections share them, and no other thread sees them.
final class Tally {
    var connections = 0
    var lines = 0
}

/// Answers each line with the reactor's index and counts.
final class Session: Protocol {
    private let index: Int
    private let tally: Tally

    init(index: Int, tally: Tally) {
        self.index = index
        self.tally = tally
        tally.connections += 1
    }

    override func dataReceived(_ data: Span<UInt8>) {
        for position in data.indices where data[position] == UInt8(ascii: "\n") {
            tally.lines += 1
            transport.write("reactor \(index): \(tally.lines) lines, \(tally.connections) connections\n")
        }
    }
}

@main struct Cores {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst().map { Int($0) }
        guard arguments.count <= 2, !arguments.contains(nil) else {
            print("usage: Cores [port [reactors]]")
            exit(2)
        }
        let port = arguments.first.flatMap { $0 } ?? 8007
        let count = arguments.dropFirst().first.flatMap { $0 }

        // After Control-C connections have ten seconds to finish; a second one does not wait.
        let configuration = ReactorGroup.Configuration(drainTime: .seconds(10))
        do {
            let group = try ReactorGroup(count: count, configuration: configuration) { reactor in
                let index = reactor.placeInGroup ?? 0
                let tally = Tally()
                try reactor.listenTCP(port: port) { Session(index: index, tally: tally) }
                reactor.onShutdown {
                    print("reactor \(index) answered \(tally.lines) lines on \(tally.connections) connections")
                }
            }
            try group.run {
                print("a group of \(group.count) listens at \(group.localAddresses[0])")
            }
        } catch {
            print(error)
            exit(1)
        }
    }
}
