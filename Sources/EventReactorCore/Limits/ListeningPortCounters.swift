/// Counters of a listener, from when it began to listen; they only grow.
public struct ListeningPortCounters: Equatable, Sendable {
    /// Connections that were made: those of the factory, not those of ``ListeningPort/onExcess``.
    public internal(set) var accepted: UInt64

    /// Peers that the factory refused by making no protocol.
    public internal(set) var refusedByFactory: UInt64

    /// Peers turned away beyond ``ConnectionLimits/total``, those served by ``ListeningPort/onExcess`` among them.
    public internal(set) var refusedByTotal: UInt64

    /// Peers turned away beyond ``ConnectionLimits/perPeer``, those served by ``ListeningPort/onExcess`` among them.
    public internal(set) var refusedByPeer: UInt64

    /// Peers turned away beyond ``ConnectionLimits/rate``, those served by ``ListeningPort/onExcess`` among them.
    public internal(set) var refusedByRate: UInt64

    /// Peers turned away by a protocol of ``ListeningPort/onExcess``; the others were reset.
    public internal(set) var excessServed: UInt64

    /// Peers closed because there was no file descriptor for them.
    public internal(set) var refusedByShortage: UInt64

    /// Pauses of accepting because a limit was reached.
    public internal(set) var waits: UInt64

    init() {
        accepted = 0
        refusedByFactory = 0
        refusedByTotal = 0
        refusedByPeer = 0
        refusedByRate = 0
        excessServed = 0
        refusedByShortage = 0
        waits = 0
    }
}
