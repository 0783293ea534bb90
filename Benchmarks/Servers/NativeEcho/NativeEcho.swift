// The library's reactor on epoll alone. Options:
//   --port N    where to listen on 127.0.0.1; 0 for any
// SIGUSR1 has it give the memory back that it keeps for reuse.

import EventReactorNative
import Glibc

final class Echo: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }
}

@main struct NativeEcho {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.isEmpty || arguments.count == 2 && arguments[0] == "--port",
            let wanted = Int(arguments.last ?? "0")
        else {
            print("usage: NativeEcho [--port N]")
            exit(2)
        }
        let reactor = try NativeReactor()
        let port = try reactor.listenTCP(port: wanted, host: "127.0.0.1", backlog: 4096) { Echo() }
        reactor.onSignal(SIGUSR1) { [unowned reactor] in reactor.releaseMemory() }
        print("listening on \(port.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
