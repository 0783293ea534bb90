// Sends a command to a Redis server and prints its reply. Try it with one running (apt-get install redis-server):
//
//     swift run -c release Client localhost 6379 SET greeting hello
//     swift run -c release Client localhost 6379 GET greeting

import EventReactor
import Glibc

struct Malformed: Error, CustomStringConvertible {
    let description = "what answers there does not speak as Redis does"
}

/// Reads the reply that begins at `start`, and moves `start` behind it; `nil` if it is not complete yet.
func readReply(_ data: Span<UInt8>, at start: inout Int, indent: String = "") throws -> String? {
    guard let end = data.firstRange(of: "\r\n", from: start) else { return nil }
    guard end.lowerBound > start, indent.count < 32 else { throw Malformed() }
    let kind = Character(UnicodeScalar(data[start]))
    let line = String(decoding: data.extracting(start + 1..<end.lowerBound), as: UTF8.self)
    start = end.upperBound
    switch (kind, Int(line)) {
    case ("+", _): return line
    case ("-", _): return "error: \(line)"
    case (":", let number?): return "\(number)"
    case ("$", -1), ("*", -1): return "(nil)"
    case ("$", let count?) where 0...512 << 20 ~= count:
        guard data.count >= start + count + 2 else { return nil }
        defer { start += count + 2 }
        return String(decoding: data.extracting(start..<start + count), as: UTF8.self)
    case ("*", let count?) where 0...1 << 20 ~= count:
        var lines: [String] = []
        for number in 0..<count {
            guard let item = try readReply(data, at: &start, indent: indent + "   ") else { return nil }
            lines.append("\(number + 1). \(item)")
        }
        return lines.isEmpty ? "(empty)" : lines.joined(separator: "\n" + indent)
    default: throw Malformed()
    }
}

final class Command: Protocol {
    private let words: [String]
    private let done: (Result<String, any Error>) -> Void
    private var received: [UInt8] = []
    private var reply: String?

    init(_ words: [String], done: @escaping (Result<String, any Error>) -> Void) {
        self.words = words
        self.done = done
    }

    // Redis reads a command as an array of strings, each with its length before it. All goes out as one packet.
    override func connectionMade() {
        transport.write("*\(words.count)\r\n")
        for word in words { transport.write("$\(word.utf8.count)\r\n\(word)\r\n") }
    }

    // An error that is thrown here ends the connection and becomes its reason.
    override func dataReceived(_ data: Span<UInt8>) throws {
        received.append(contentsOf: data)
        var start = 0
        let soFar = received
        reply = try readReply(soFar.span, at: &start)
        if reply != nil { transport.loseConnection() }
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        if let reply { done(.success(reply)) } else { done(.failure(reason)) }
    }
}

@main struct Client {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let host = arguments.first ?? "localhost"
        let words = arguments.count > 2 ? Array(arguments.dropFirst(2)) : ["PING"]
        guard let port = Int(arguments.dropFirst().first ?? "6379") else {
            print("usage: Client [host [port [command...]]]")
            exit(2)
        }
        var status: Int32 = 1
        do {
            let reactor = try Reactor()
            let finish = { [unowned reactor] in _ = try? reactor.stop() }
            try reactor.connectTCP(host: host, port: port, timeout: .seconds(5)) {
                Command(words) { result in
                    switch result {
                    case .success(let reply):
                        print(reply)
                        status = 0
                    case .failure(let reason): print("Client: no reply: \(reason)")
                    }
                    finish()
                }
            } onFailure: { error in
                switch error {
                case .refused: print("Client: \(error). Does Redis run there?")
                case .unresolvable, .unreachable, .timedOut: print("Client: \(error). Is that the right host?")
                case .cancelled, .bindFailed, .system, .handshakeFailed: print("Client: \(error)")
                }
                finish()
            }
            try reactor.run()
        } catch {
            print("Client: \(error)")
        }
        exit(status)
    }
}
