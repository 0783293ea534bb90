// The library's reactor on epoll alone. Options:
//   --port N             the port to listen at on 127.0.0.1; 0 for any
//   --mode WHICH         echo (the default), lines, sink or source
//   --reuse-port WHICH   on: other processes may listen on the port too; off (the default)
// SIGUSR1 has it give the memory back that it keeps for reuse.

import EventReactorNative
import Glibc
import Modes

final class Echo: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }
}

@main struct NativeEcho {
    static func main() throws {
        var wanted = 0
        var mode = Mode.echo
        var options = ListenOptions()
        var rest = CommandLine.arguments.dropFirst().makeIterator()
        while let name = rest.next() {
            switch (name, rest.next()) {
            case ("--port", let value?) where Int(value) != nil: wanted = Int(value) ?? 0
            case ("--mode", let value?) where Mode(rawValue: value) != nil: mode = Mode(rawValue: value) ?? .echo
            case ("--reuse-port", "on"): options.reusePort = true
            case ("--reuse-port", "off"): options.reusePort = false
            default:
                print("usage: NativeEcho [--port N] [--mode echo|lines|sink|source] [--reuse-port on|off]")
                exit(2)
            }
        }
        let reactor = try NativeReactor()
        let port = try reactor.listenTCP(port: wanted, host: "127.0.0.1", backlog: 4096, options: options) {
            [unowned reactor, mode] in
            mode.makeProtocol(on: reactor) ?? Echo()
        }
        reactor.onSignal(SIGUSR1) { [unowned reactor] in reactor.releaseMemory() }
        print("listening on \(port.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
