// SwiftNIO with NIOSSL: the set-up of its NIOTLSServer, which is that of NIOEcho with a NIOSSLServerHandler before it.
// Options:
//   --port N                 the port to listen at on 127.0.0.1; 0 for any
//   --chain FILE --key FILE  the certificates and the key, as PEM
// The cipher suite is the client's choice.

import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// As in NIOEchoServer: the bytes of one read are flushed together.
final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.write(data, promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

struct Options {
    var port = 0
    var chain = ""
    var key = ""

    init() {
        var rest = CommandLine.arguments.dropFirst().makeIterator()
        while let name = rest.next() {
            switch (name, rest.next()) {
            case ("--port", let value?) where Int(value) != nil: port = Int(value) ?? 0
            case ("--chain", let value?): chain = value
            case ("--key", let value?): key = value
            default:
                print("usage: \(CommandLine.arguments[0]) [--port N] --chain FILE --key FILE")
                exit(2)
            }
        }
    }
}

@main struct NIOTLSEcho {
    static func main() throws {
        let options = Options()
        let chain = try NIOSSLCertificate.fromPEMFile(options.chain)
        let key = try NIOSSLPrivateKey(file: options.key, format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    try pipeline.addHandler(BackPressureHandler())
                    try pipeline.addHandler(EchoHandler())
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 16)
            .childChannelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator())
        let channel = try bootstrap.bind(host: "127.0.0.1", port: options.port).wait()
        print("listening on \(channel.localAddress!.port!)")
        fflush(nil)  // a pipe is not flushed by the line
        try channel.closeFuture.wait()
    }
}
