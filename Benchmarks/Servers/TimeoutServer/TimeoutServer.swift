// The library's server with timeouts, for `slow` and, as an echo, for everything else. Options:
//   --port N             the port to listen at on 127.0.0.1; 0 for any
//   --mode WHICH         echo (the default), or give: each message is answered by 10 MB, as the watermarks allow
//   --idle SECONDS, --write SECONDS, --first-byte SECONDS
//   --read-rate BYTES, --write-rate BYTES     a second, judged every ten seconds

import EventReactor
import Glibc

final class Echo: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }
}

/// Produces until `pauseWriting`: at most the high watermark and one piece wait.
final class Giver: Protocol {
    private static let piece = [UInt8](repeating: 7, count: 16 * 1024)
    private var rest = 0
    private var isPaused = false

    override func dataReceived(_ data: Span<UInt8>) {
        guard rest == 0 else { return }
        rest = 10 * 1024 * 1024
        give()
    }

    private func give() {
        // The pause comes when this callback has returned: until then the high watermark is checked here.
        while rest > 0 && !isPaused && transport.bufferedByteCount <= 64 * 1024 {
            transport.write(Giver.piece)
            rest -= Giver.piece.count
        }
        if rest == 0 { transport.loseConnection() }
    }

    override func pauseWriting() { isPaused = true }

    override func resumeWriting() {
        isPaused = false
        give()
    }
}

struct Options {
    var port = 0
    var mode = "echo"
    var timeouts = StreamTimeouts.none

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            guard let value = rest.next() else { Self.explain() }
            if name == "--mode", value == "echo" || value == "give" {
                mode = value
                continue
            }
            guard let number = Int(value) else { Self.explain() }
            let rate = TransferRate(bytes: number * 10, per: .seconds(10))
            switch name {
            case "--port": port = number
            case "--idle": timeouts.idle = .seconds(number)
            case "--write": timeouts.write = .seconds(number)
            case "--first-byte": timeouts.firstByte = .seconds(number)
            case "--read-rate": timeouts.minimumReadRate = rate
            case "--write-rate": timeouts.minimumWriteRate = rate
            default: Self.explain()
            }
        }
    }

    static func explain() -> Never {
        print(
            """
            usage: TimeoutServer [--port N] [--mode echo|give] [--idle S] [--write S] [--first-byte S] \
            [--read-rate BYTES] [--write-rate BYTES]
            """)
        exit(2)
    }
}

@main struct TimeoutServer {
    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        let reactor = try Reactor()
        var listening = ListenOptions()
        listening.stream.timeouts = options.timeouts
        let gives = options.mode == "give"
        let port = try reactor.listenTCP(port: options.port, host: "127.0.0.1", options: listening) {
            gives ? Giver() : Echo()
        }
        print("listening on \(port.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
