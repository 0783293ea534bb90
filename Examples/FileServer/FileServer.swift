// Sends files of a directory: the client writes a name, and gets "ok", the size and the bytes, or "error". Try it:
//
//     swift run -c release FileServer 8010 .
//     echo README.md | nc 127.0.0.1 8010

import EventReactor
import Glibc

/// Why a file is not sent, in the words that the client reads.
enum Refusal: String, Error, CustomStringConvertible {
    case badName = "a name has 1 to 255 bytes, no slash, and is not \"..\""
    case notAFile = "that is not a plain file"

    var description: String { rawValue }
}

final class Sender: Protocol {
    private let directory: Int32
    private unowned let reactor: Reactor
    private var request: [UInt8] = []
    private var file: Int32 = -1
    private var remaining = 0
    private var isPaused = false
    private var isScheduled = false

    init(directory: Int32, reactor: Reactor) {
        self.directory = directory
        self.reactor = reactor
    }

    override func dataReceived(_ data: Span<UInt8>) {
        let end = data.firstIndex(of: UInt8(ascii: "\n"))
        request.append(contentsOf: data.extracting(first: end ?? data.count))
        guard end != nil || request.count > 255 else { return }
        if request.last == UInt8(ascii: "\r") { request.removeLast() }
        // One request a connection: what follows it is left unread.
        transport.pauseReading()
        do {
            try openFile(String(decoding: request, as: UTF8.self))
            transport.write("ok \(remaining)\n")
            goOn()
        } catch {
            transport.write("error: \(error)\n")
            transport.loseConnection()
        }
    }

    private func openFile(_ name: String) throws {
        // A name without slashes that is not ".." is in the directory, and symbolic links out of it are not followed.
        guard 1...255 ~= name.utf8.count, name != "..", !name.contains("/"), !name.contains("\0") else {
            throw Refusal.badName
        }
        // O_NONBLOCK: opening a pipe would wait for its writer.
        file = unsafe openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw SystemError(code: errno, operation: "open") }
        var facts = stat()
        guard unsafe fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw Refusal.notAFile }
        remaining = Int(facts.st_size)
    }

    // One piece a turn of the loop: no file, however large, keeps the other connections waiting.
    private func goOn() {
        guard !isPaused, !isScheduled else { return }
        isScheduled = true
        reactor.callSoon { [self] in
            isScheduled = false
            if !isPaused, !transport.isClosing { sendPiece() }
        }
    }

    private func sendPiece() {
        guard remaining > 0 else { return transport.loseConnection() }
        let piece = unsafe [UInt8](unsafeUninitializedCapacity: min(remaining, 64 * 1024)) { buffer, count in
            count = unsafe max(0, read(file, buffer.baseAddress, buffer.count))
        }
        // The file was cut short meanwhile: the reset tells the client that it has not got all.
        guard !piece.isEmpty else { return transport.abortConnection() }
        remaining -= piece.count
        transport.write(piece)
        goOn()
    }

    override func pauseWriting() {
        isPaused = true
    }

    override func resumeWriting() {
        isPaused = false
        goOn()
    }

    override func connectionLost(_ reason: ConnectionLostReason) {
        if file >= 0 { close(file) }
    }
}

@main struct FileServer {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let path = arguments.dropFirst().first ?? "."
        guard let port = Int(arguments.first ?? "8010") else {
            print("usage: FileServer [port [directory]]")
            exit(2)
        }
        do {
            let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard directory >= 0 else { throw SystemError(code: errno, operation: "open \(path)") }
            let reactor = try Reactor()
            let listener = try reactor.listenTCP(port: port, host: "127.0.0.1") { [unowned reactor] in
                Sender(directory: directory, reactor: reactor)
            }
            print("FileServer listens at \(listener.localAddress)")
            try reactor.run()
        } catch {
            print("FileServer: \(error)")
            exit(1)
        }
    }
}
