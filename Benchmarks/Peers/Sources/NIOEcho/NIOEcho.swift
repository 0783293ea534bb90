// SwiftNIO with channel handlers: the set-up of its NIOEchoServer, on one event loop, with TCP_NODELAY and the backlog
// that all servers have.

import NIOCore
import NIOLines
import NIOPosix
import PeerOptions

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

final class SinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Writes while the channel is writable.
final class SourceHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: PeerOptions.pieceSize)

    func channelActive(context: ChannelHandlerContext) {
        goOn(context: context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        goOn(context: context)
    }

    private func goOn(context: ChannelHandlerContext) {
        while context.channel.isActive, context.channel.isWritable {
            context.writeAndFlush(Self.wrapOutboundOut(piece), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

@main struct NIOEcho {
    static func main() throws {
        let options = PeerOptions()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: PeerOptions.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    switch options.mode {
                    case .echo:
                        try pipeline.addHandler(BackPressureHandler())
                        try pipeline.addHandler(EchoHandler())
                    case .lines:
                        try pipeline.addHandler(BackPressureHandler())
                        try pipeline.addHandler(ByteToMessageHandler(LineDecoder()))
                        try pipeline.addHandler(EchoHandler())
                    case .sink: try pipeline.addHandler(SinkHandler())
                    case .source: try pipeline.addHandler(SourceHandler())
                    }
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 16)
            .childChannelOption(.recvAllocator, value: AdaptiveRecvByteBufferAllocator())
        let channel = try bootstrap.bind(host: "127.0.0.1", port: options.port).wait()
        PeerOptions.tell(port: channel.localAddress!.port!)
        try channel.closeFuture.wait()
    }
}
