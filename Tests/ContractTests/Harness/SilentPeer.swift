import Dispatch
import EventReactor
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// An address that takes no more connections and does not say so: its backlog is full and nobody accepts.
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
