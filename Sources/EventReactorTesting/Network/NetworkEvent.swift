/// A scheduled event of the network.
///
/// It names sockets and connects by id, hosts by index.
enum NetworkEvent {
    /// A packet arrives.
    case packet(Packet)
    /// A connect arrives at its target host.
    case connect(Int32)
    /// The answer of the server's socket to a connect arrives.
    case answer(connect: Int32, from: Int32)
    /// The refusal of a connect arrives.
    case refusal(connect: Int32)
    /// An unanswered connect is retried.
    case connectRetry(Int32)
    /// A socket's retransmission timer expires.
    case retransmission(Int32)
    /// A socket's keep-alive timer expires.
    case keepAlive(Int32)
    /// A socket sends the bytes that it delayed to merge them with later ones.
    case release(Int32)
    /// A middlebox resets the connection of a socket.
    case intrusion(Int32)
    /// The connection of a socket silently stops delivering packets.
    case silence(Int32)
    /// Two hosts are partitioned from one another.
    case cut(Int, Int)
    /// The partition of two hosts ends.
    case heal(Int, Int)
}
