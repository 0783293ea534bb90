// Sends files of a directory: the client writes a name, and gets "ok", the size and the bytes, or "error". Try it:
//
//     swift run -c release FileServer 8010 .
//     echo README.md | nc 127.0.0.1 8010

import EventReactor
import Glibc

/// A reason for which a file is not sent, as the client reads it.
enum Refusal: String, Error, CustomStringConvertible {
    case badName = "a name has 1 to 255 bytes, no slash, and is not \"..\""
    case notAFile = "that is not a plain file"

    var description: String { rawValue }
}

final class Sender: Protocol {
    private let directory: Int32
    private var request: [UInt8] = []

    init(directory: Int32) {
        self.directory = directory
    }

    override func dataReceived(_ data: Span<UInt8>) {
        let end = data.firstIndex(of: UInt8(ascii: "\n"))
        request.append(contentsOf: data.extracting(first: end ?? data.count))
        guard end != nil || request.count > 255 else { return }
        if request.last == UInt8(ascii: "\r") { request.removeLast() }
        // One request a connection: later bytes are not read.
        transport.pauseReading()
        do {
            let file = try openFile(String(decoding: request, as: UTF8.self))
            transport.write("ok \(file.size)\n")
            // The kernel sends it, as fast as the client reads. The close comes with the end: a deadline that began now
            // would cut a long file short. If the file cannot be sent completely, the client sees a reset.
            try transport.sendFile(file) { [transport] _ in transport.loseConnection() }
        } catch {
            transport.write("error: \(error)\n")
            transport.loseConnection()
        }
    }

    private func openFile(_ name: String) throws -> ReadableFile {
        // A name without slashes that is not ".." is in the directory, and symbolic links out of it are not followed.
        guard 1...255 ~= name.utf8.count, name != "..", !name.contains("/"), !name.contains("\0") else {
            throw Refusal.badName
        }
        // O_NONBLOCK: opening a pipe would wait for its writer.
        let descriptor = unsafe openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(code: errno, operation: "open") }
        do {
            return try ReadableFile(adopting: descriptor, name: name)
        } catch FileError.notRegular {
            throw Refusal.notAFile
        }
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
            let listener = try reactor.listenTCP(port: port, host: "127.0.0.1") { Sender(directory: directory) }
            print("FileServer listens at \(listener.localAddress)")
            try reactor.run()
        } catch {
            print("FileServer: \(error)")
            exit(1)
        }
    }
}
