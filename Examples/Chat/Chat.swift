// A chat room: each line of a member is sent to all others. Try it, with the second command in two terminals:
//
//     swift run -c release Chat
//     nc 127.0.0.1 8008
//
// While it runs, `kill -USR1` prints its metrics.

import EventReactor
import EventReactorProtocols
import Glibc

/// State that the members share.
///
/// It never leaves the reactor's thread, which the compiler checks, so it needs no lock.
final class Room {
    private var members: [String: Member] = [:]

    func enter(_ member: Member, as name: String) -> Bool {
        guard members[name] == nil else { return false }
        let others = members.keys.sorted().joined(separator: ", ")
        member.tell(others.isEmpty ? "* you are the first" : "* here: \(others)")
        tell("* \(name) has come")
        members[name] = member
        return true
    }

    func leave(_ name: String) {
        members[name] = nil
        tell("* \(name) has left")
    }

    func tell(_ line: String, butNot speaker: Member? = nil) {
        for member in members.values where member !== speaker { member.tell(line) }
    }
}

final class Member: LineReceiver {
    private let room: Room
    private var name: String?
    private var isSlow = false
    private var missed = 0

    init(of room: Room) {
        self.room = room
        super.init(delimiter: .newline, limit: 1000)
    }

    override func connectionMade() {
        transport.write("Your name?\n")
    }

    override func lineReceived(_ line: Span<UInt8>) {
        // Control characters would let one member draw on another's terminal.
        let text = String(decoding: line, as: UTF8.self).filter { !$0.unicodeScalars.contains(where: isControl) }
        said(text)
    }

    override func frameRejected(_ error: FramingError) {
        leave("* that line is too long")
    }

    // The last line of a member who leaves by Control-D need not end.
    override func frameCut(_ rest: Span<UInt8>) {
        lineReceived(rest)
    }

    private func said(_ text: String) {
        if let name { return room.tell("\(name): \(text)", butNot: self) }
        guard !text.isEmpty, text.utf8.count <= 20 else { return leave("* a name has 1 to 20 bytes") }
        guard room.enter(self, as: text) else { return tell("* \(text) is here already: another name?") }
        name = text
    }

    func tell(_ line: String) {
        // A member that does not read misses lines: its write queue stays bounded, and the others do not wait for it.
        if isSlow { missed += 1 } else { transport.write(line + "\n") }
    }

    override func pauseWriting() {
        isSlow = true
    }

    override func resumeWriting() {
        isSlow = false
        tell("* you were slow and missed \(missed) lines")
        missed = 0
    }

    private func leave(_ last: String) {
        tell(last)
        transport.loseConnection()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        if let name { room.leave(name) }
    }
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control
}

@main struct Chat {
    static func main() {
        guard let port = Int(CommandLine.arguments.dropFirst().first ?? "8008") else {
            print("usage: Chat [port]")
            exit(2)
        }
        do {
            let reactor = try Reactor()
            let room = Room()
            let listener = try reactor.listenTCP(port: port) { Member(of: room) }
            reactor.printMetrics(on: SIGUSR1)
            print("Chat listens at \(listener.localAddress)")
            try reactor.run()
        } catch {
            print("Chat: \(error)")
            exit(1)
        }
    }
}
