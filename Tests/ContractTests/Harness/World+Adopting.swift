import EventReactor
import EventReactorPosix
import Testing

extension World {
    /// A plain socket that listens at an address of the setting's transport.
    func listeningSocket() throws -> RawSocket {
        let wanted = setting.transport == .unix ? try SocketAddress.unix(path: freshPath()) : try freeAddress()
        let socket = try RawSocket(wanted.family)
        try #require(socket.bind(to: wanted) && socket.listen(backlog: 64))
        return socket
    }

    private func freeAddress() throws -> SocketAddress { try SocketAddress(ip: loopback, port: 0) }

    func adopt(
        _ descriptor: Int32, options: ListenOptions = ListenOptions(), _ makeProtocol: @escaping () -> Protocol?
    ) throws -> ListeningPort {
        var options = options
        options.stream.buffering = setting.movement.buffering
        return try reactor.listen(.inherited([descriptor]), options: options, makeProtocol)
    }

    func adopt(
        connection descriptor: Int32, options: StreamOptions = StreamOptions(), _ server: Protocol
    ) throws {
        var options = options
        options.buffering = setting.movement.buffering
        try reactor.adoptStreamConnection(descriptor, options: options, protocol: server)
    }
}
