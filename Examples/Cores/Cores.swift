// A server on all processors that counts what it answers, each reactor for itself and without a lock. Try it:
//
//     swift run -c release Cores
//     yes | head -1000 | nc -N 127.0.0.1 8007 | tail -1

import EventReactor
import Glibc

/// What one reactor has done: all its connections share it, and no other thread ever sees it.
final class Tally {
    var connections = 0
    var lines = 0
}

/// Answers each line with who answers, and how often.
final class Session: Protocol {
    private let place: Int
    private let tally: Tally

    init(place: Int, tally: Tally) {
        self.place = place
        self.tally = tally
        tally.connections += 1
    }

    override func dataReceived(_ data: Span<UInt8>) {
        for index in data.indices where data[index] == UInt8(ascii: "\n") {
            tally.lines += 1
            transport.write("reactor \(place): \(tally.lines) lines, \(tally.connections) connections\n")
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

        var configuration = ReactorGroup.Configuration()
        // After Control-C connections have ten seconds to finish; a second one does not wait.
        configuration.drainTime = .seconds(10)
        do {
            let group = try ReactorGroup(count: count, configuration: configuration) { reactor in
                let place = reactor.placeInGroup ?? 0
                let tally = Tally()
                try reactor.listenTCP(port: port) { Session(place: place, tally: tally) }
                reactor.onShutdown {
                    print("reactor \(place) answered \(tally.lines) lines on \(tally.connections) connections")
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
