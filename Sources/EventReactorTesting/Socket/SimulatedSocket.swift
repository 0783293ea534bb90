/// One end of a simulated connection, as a kernel has it: what TCP keeps between the program and the network.
///
/// The peers number the bytes of each direction from 1; the end counts as one more, and so does the server's answer to
/// a connect, at 0. Bytes stay with their sender until they are acknowledged. Sockets go by numbers, which are the
/// descriptors of their connections and are used once.
final class SimulatedSocket {
    enum Stage {
        /// The server's answer to a connect is not acknowledged yet.
        case opening
        case open
        /// Reset by this side, and kept for what is on its way.
        case gone
    }

    let id: Int32
    unowned let network: NetworkCore
    unowned let host: SimulatedHost
    let local: SocketAddress
    let remote: SocketAddress
    /// The way to the peer, and the way back.
    let way: Link
    let back: Link

    var stage: Stage
    /// The peer's number; -1 as long as a server's peer has not had its answer.
    var peer: Int32 = -1
    /// The connect that a server's socket answers, and the listener in whose backlog it waits.
    var connect: Int32 = -1
    var listener: Int32 = -1
    weak var connection: StreamConnection?
    /// The program has closed it; what is left to send is sent all the same.
    var isOrphan = false
    /// Why the connection is gone; 0 while it is not.
    var failure: Int32 = 0
    /// Nothing of this connection arrives any more.
    var isSilenced = false
    /// In the host's list of what is ready.
    var isReady = false

    // MARK: Sending

    /// The bytes that the kernel has taken and the peer has not acknowledged.
    var outgoing = ByteQueue()
    var sendCapacity: Int
    /// The first sequence number that the peer has not acknowledged, and the first that was not sent yet.
    var unacknowledged: Int64
    var next: Int64
    /// The sequence number of the end; nil as long as the side has not ended.
    var end: Int64?
    /// The first sequence number that the peer has no room for.
    var window: Int64 = 1
    /// When the last packet sent arrives: those that follow do not overtake it.
    var lastArrival: Int64 = 0
    var lastBytesArrival: Int64 = -1
    /// Bytes written now wait, so that they are sent together with more.
    var isHolding = false
    /// The bytes sent up to now, for what is bounded in them.
    var sentCount: Int64 = 0

    // MARK: Being answered

    /// When the peer was last heard of, and when something unacknowledged was last new.
    var heard: Int64 = 0
    var waitingSince: Int64 = 0
    /// When to send again; there is one event at a time for it.
    var retryTime: Int64 = 0
    var hasRetryEvent = false
    var backoff = 0
    var keepAlive: StreamOptions.KeepAlive?
    var hasKeepAliveEvent = false
    var probesSent = 0

    // MARK: Receiving

    /// The bytes that have arrived and were not read.
    var inbox = ByteQueue()
    var receiveCapacity: Int
    /// The first sequence number that has not arrived.
    var expected: Int64
    /// The last advertised window.
    var toldWindow: Int64 = 0
    var hasEnd = false
    var hasDeliveredEnd = false

    init(
        id: Int32, network: NetworkCore, host: SimulatedHost, local: SocketAddress, remote: SocketAddress,
        way: Link, back: Link, isServer: Bool, options: StreamOptions
    ) {
        self.id = id
        self.network = network
        self.host = host
        self.local = local
        self.remote = remote
        self.way = way
        self.back = back
        stage = isServer ? .opening : .open
        unacknowledged = isServer ? 0 : 1
        next = 1
        expected = 1
        sendCapacity = network.bufferSize(requested: options.kernelSendBuffer)
        receiveCapacity = network.bufferSize(requested: options.kernelReceiveBuffer)
        keepAlive = options.keepAlive
        heard = network.now
        waitingSince = network.now
    }

    /// The first sequence number that there is no room for, before anything arrived.
    var initialWindow: Int64 { 1 + Int64(receiveCapacity) }

    /// The sequence number behind the last byte that was written.
    var endOfBytes: Int64 { max(unacknowledged, 1) + Int64(outgoing.count) - (isEndAcknowledged ? 1 : 0) }

    var isEndAcknowledged: Bool { end.map { unacknowledged > $0 } ?? false }

    /// Whether the peer still owes an acknowledgement.
    var isWaiting: Bool {
        failure == 0 && stage != .gone && (stage == .opening || !outgoing.isEmpty || (end != nil && !isEndAcknowledged))
    }

    /// Whether the kernel would take bytes of the program.
    var hasRoom: Bool { outgoing.count < sendCapacity }

    var traceEndpoint: TraceEndpoint { network.traceEndpoint(local, host: host.index) }
    var peerTraceEndpoint: TraceEndpoint { network.traceEndpoint(remote, host: way.to) }

    /// Has the host look at the socket in its next turn.
    func markReady() {
        guard !isReady, connection != nil else { return }
        isReady = true
        host.addReady(.socket(id))
    }
}
