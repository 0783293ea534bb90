// FlyingSocks, the sockets of FlyingFox: a task a connection, as FlyingFox's own server has it.

import FlyingSocks
import Foundation
import PeerOptions

@main struct FlyingSocksEcho {
    static func main() async throws {
        let options = PeerOptions()
        let pool = SocketPool.make()
        try await pool.prepare()
        let socket = try Socket(domain: AF_INET, type: .stream)
        try socket.setValue(true, for: .localAddressReuse)
        try socket.bind(to: .inet(ip4: "127.0.0.1", port: UInt16(options.port)))
        try socket.listen(maxPendingConnection: PeerOptions.backlog)
        guard case .ip4(_, let port) = try socket.sockname() else { return }
        let listener = try AsyncSocket(socket: socket, pool: pool)
        PeerOptions.tell(port: Int(port))

        try await withThrowingDiscardingTaskGroup { tasks in
            tasks.addTask { try await pool.run() }
            for try await connection in listener.sockets {
                tasks.addTask {
                    // An error of one connection does not end the others.
                    try? connection.socket.setValue(true, for: .noDelay)
                    try? await serve(connection, mode: options.mode)
                    try? connection.close()
                }
            }
        }
    }

    static func serve(_ connection: AsyncSocket, mode: PeerOptions.Mode) async throws {
        switch mode {
        case .echo:
            while true {
                try await connection.write(Data(connection.read(atMost: 4096)))  // its own most a read
            }
        case .lines:
            var unfinished: [UInt8] = []
            while true {
                unfinished += try await connection.read(atMost: 4096)
                var start = 0
                while let end = unfinished[start...].firstIndex(of: UInt8(ascii: "\n")) {
                    try await connection.write(Data(unfinished[start...end]))
                    start = end + 1
                }
                unfinished.removeFirst(start)
            }
        case .sink:
            while true {
                _ = try await connection.read(atMost: 4096)
            }
        case .source:
            let piece = Data(repeating: UInt8(ascii: "x"), count: PeerOptions.pieceSize)
            while true {
                try await connection.write(piece)
            }
        }
    }
}

extension SocketOption where Self == BoolSocketOption {
    static var noDelay: Self { Self(level: Int32(IPPROTO_TCP), name: TCP_NODELAY) }
}
