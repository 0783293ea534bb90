// A web server whose next version takes over from it while it serves: no connection is refused or reset. Try it:
//
//     swift run -c release Handover 8011 /tmp/handover
//     swift run -c release Handover 8011 /tmp/handover    # in another terminal: the first one ends
//
// `curl http://127.0.0.1:8011/` shows which process answers; `wrk -d 60 http://127.0.0.1:8011/` asks all the while.

import EventReactor
import EventReactorHandover
import Glibc

/// Answers each request of a connection with one line.
final class Visitor: Protocol {
    private static let limit = 16 * 1024
    private unowned let reactor: Reactor
    private var request: [UInt8] = []

    init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    override func dataReceived(_ data: Span<UInt8>) {
        for index in data.indices {
            request.append(data[index])
            // A request ends in an empty line. This server does not understand requests with a body.
            guard request.last == UInt8(ascii: "\n"), request.suffix(4).elementsEqual("\r\n\r\n".utf8) else { continue }
            guard !transport.isClosing else { return }
            answer(String(decoding: request, as: UTF8.self).lowercased())
            request = []
        }
        if request.count > Visitor.limit { transport.abortConnection() }
    }

    private func answer(_ request: String) {
        // While the reactor drains each connection ends with its answer, and the client makes another for its next
        // request, which the successor gets. So no request is cut off at the deadline.
        let isLast =
            reactor.isDraining || request.contains("\r\nconnection: close\r\n") || request.contains(" http/1.0\r")
        let text = "process \(getpid())\n"
        transport.write(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(text.utf8.count)\r\n"
                + (isLast ? "Connection: close\r\n\r\n" : "\r\n") + text)
        if isLast { transport.loseConnection() }
    }
}

/// Prints a line and flushes it, also into a pipe.
func say(_ line: String) {
    print("Handover: \(line)")
    fflush(nil)
}

@main struct HandoverServer {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let path = arguments.dropFirst().first ?? "/tmp/handover"
        guard let number = Int(arguments.first ?? "8011") else {
            print("usage: Handover [port [path]]")
            exit(2)
        }
        do {
            let reactor = try Reactor()
            // The socket is that of a version that serves now, or systemd's, or one made here.
            let before = try Handover.take(path: path)
            let systemd = try SystemdSockets.take()
            let inherited = before?["http"] ?? systemd?["http"]
            let port = try reactor.listen(.tcp(port: number, host: "127.0.0.1"), adopting: inherited) {
                [unowned reactor] in
                Visitor(reactor)
            }
            let offer = try reactor.offerHandover(
                path: path, ports: ["http": port], after: before, drainingFor: .seconds(10))
            offer.onHandedOver = { say("another process serves from here on") }
            say("listens at \(port.localAddress)")
            try reactor.run()
        } catch {
            say("\(error)")
            exit(1)
        }
    }
}
