// Sends a file to each client, repeatedly. Options:
//   --port N         the port to listen at on 127.0.0.1; 0 for any
//   --file PATH      the file
//   --mode WHICH     sendfile (the default), or copy: read and written in pieces of 64 KiB, as the watermarks allow

import EventReactor
import Glibc

final class FileSender: Protocol {
    private let file: ReadableFile

    init(_ file: ReadableFile) {
        self.file = file
    }

    override func connectionMade() throws {
        try send()
    }

    private func send() throws {
        try transport.sendFile(file) { [unowned self] result in
            if case .success = result { try? send() }
        }
    }
}

/// The server without `sendFile`.
final class FileCopier: Protocol {
    private let file: ReadableFile
    private unowned let reactor: Reactor
    private var offset = 0
    private var isPaused = false
    private var piece = [UInt8](repeating: 0, count: 64 * 1024)

    init(_ file: ReadableFile, _ reactor: Reactor) {
        self.file = file
        self.reactor = reactor
    }

    override func connectionMade() { copy() }
    override func pauseWriting() { isPaused = true }

    override func resumeWriting() {
        isPaused = false
        copy()
    }

    private func copy() {
        guard !isPaused, !transport.isClosing else { return }
        let count = pread(file.descriptor, &piece, piece.count, off_t(offset))
        guard count > 0 else { return transport.abortConnection() }
        offset = (offset + count) % file.size
        if count == piece.count {
            transport.write(piece.span)
        } else {
            transport.write(Array(piece.prefix(count)))
        }
        reactor.callSoon { [self] in copy() }
    }
}

@main struct ReactorFiles {
    static func main() throws {
        var options = ["--port": "0", "--mode": "sendfile", "--file": ""]
        let arguments = Array(CommandLine.arguments.dropFirst())
        for index in stride(from: 0, to: arguments.count - 1, by: 2) {
            options[arguments[index]] = arguments[index + 1]
        }
        guard options.count == 3, arguments.count % 2 == 0, let wanted = Int(options["--port"]!),
            ["sendfile", "copy"].contains(options["--mode"])
        else {
            print("usage: ReactorFiles [--port N] --file PATH [--mode sendfile|copy]")
            exit(2)
        }
        let copies = options["--mode"] == "copy"
        let file = try ReadableFile(path: options["--file"]!)
        let reactor = try Reactor()
        let port = try reactor.listenTCP(port: wanted, host: "127.0.0.1") { [unowned reactor] in
            copies ? FileCopier(file, reactor) : FileSender(file)
        }
        print("listening on \(port.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
