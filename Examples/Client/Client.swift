// Sends a command to a Redis server and prints its reply. Try it with one running (apt-get install redis-server):
//
//     swift run -c release Client localhost 6379 SET greeting hello
//     swift run -c release Client localhost 6379 GET greeting

import EventReactor
import Glibc

final class Command: ReplyReceiver {
    private let words: [String]
    private let done: (Result<String, any Error>) -> Void
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

    override func replyReceived(_ reply: Reply) {
        self.reply = "\(reply)"
        transport.loseConnection()
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
