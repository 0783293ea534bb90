// The library's server with TLS. Options:
//   --port N                 the port to listen at on 127.0.0.1; 0 for any
//   --engine WHICH           libevent (the default) or native
//   --chain FILE --key FILE  the certificates and the key, as PEM
//   --cipher SUITE           the one cipher suite of TLS 1.3 to offer
// SIGUSR1 has it give the memory back that it keeps for reuse.

import EventReactor
import EventReactorNative
import EventReactorTLS
import Glibc

final class Echo: Protocol {
    override func dataReceived(_ data: Span<UInt8>) {
        transport.write(data)
    }
}

struct Options {
    var port = 0
    var engine = "libevent"
    var chain = ""
    var key = ""
    var cipher: TLSCipherSuite?

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            switch (name, rest.next()) {
            case ("--port", let value?) where Int(value) != nil: port = Int(value) ?? 0
            case ("--engine", let value?) where ["libevent", "native"].contains(value): engine = value
            case ("--chain", let value?): chain = value
            case ("--key", let value?): key = value
            case ("--cipher", let value?): cipher = TLSCipherSuite(rawValue: value)
            default:
                print(
                    """
                    usage: ReactorTLSEcho [--port N] [--engine libevent|native] --chain FILE --key FILE \
                    [--cipher SUITE]
                    """)
                exit(2)
            }
        }
    }
}

@main struct ReactorTLSEcho {
    static func main() throws {
        let options = Options(CommandLine.arguments.dropFirst())
        var settings = TLSServerSettings(identity: try .pem(chain: options.chain, key: options.key))
        if let cipher = options.cipher { settings.cipherSuites = [cipher] }
        let context = try TLSServerContext(settings)
        if options.engine == "native" {
            try serve(on: NativeReactor(), options.port, context)
        } else {
            try serve(on: Reactor(), options.port, context)
        }
    }

    static func serve(on reactor: ReactorBase, _ port: Int, _ context: TLSServerContext) throws {
        let listener = try reactor.listen(.tcp(port: port, host: "127.0.0.1").tls(context)) { Echo() }
        reactor.onSignal(SIGUSR1) { [unowned reactor] in reactor.releaseMemory() }
        print("listening on \(listener.localAddress.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try reactor.run()
    }
}
