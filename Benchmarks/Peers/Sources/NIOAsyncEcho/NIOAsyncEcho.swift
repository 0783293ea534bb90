// SwiftNIO with NIOAsyncChannel and a task a connection: the set-up of its NIOTCPEchoServer, on one event loop.

import NIOCore
import NIOLines
import NIOPosix
import PeerOptions

@main struct NIOAsyncEcho {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    static func main() async throws {
        let options = PeerOptions()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: PeerOptions.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: "127.0.0.1", port: options.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if options.mode == .lines {
                        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(LineDecoder()))
                    }
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        PeerOptions.tell(port: server.channel.localAddress!.port!)
        try await withThrowingDiscardingTaskGroup { tasks in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    tasks.addTask {
                        // An error of one connection does not end the others.
                        try? await serve(connection, mode: options.mode)
                    }
                }
            }
        }
    }

    static func serve(_ connection: Connection, mode: PeerOptions.Mode) async throws {
        try await connection.executeThenClose { inbound, outbound in
            switch mode {
            case .echo, .lines:
                for try await bytes in inbound {
                    try await outbound.write(bytes)
                }
            case .sink:
                for try await _ in inbound {}
            case .source:
                let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: PeerOptions.pieceSize)
                while true {
                    try await outbound.write(piece)
                }
            }
        }
    }
}
