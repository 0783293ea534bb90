import Dispatch
import EventReactor
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// An address that silently drops connects: its backlog is full, and no thread accepts.
final class SilentPeer {
    private let listener: RawSocket
    private var waiting: [RawSocket] = []
    let address: SocketAddress

    init(_ world: World) throws {
        let wanted = try world.unusedAddress()
        listener = try RawSocket(wanted.family)
        try #require(listener.bind(to: wanted.withPort(0)) && listener.listen(backlog: 0))
        address = listener.address
        // The first fills the backlog; the rest make sure of it.
        for _ in 0..<4 {
            let client = try RawSocket(address.family)
            _ = client.connect(to: address)
            waiting.append(client)
        }
    }
}
