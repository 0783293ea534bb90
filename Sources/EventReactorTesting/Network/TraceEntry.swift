/// An event in the record of a simulated network.
struct TraceEntry {
    enum Event: UInt8 {
        case listens, connects, refuses, hangs, accepts, acceptFails, sends, loses, resends, delivers
        case ends, deliversEnd, resets, meddles, silences, timesOut, cuts, heals, notes
    }

    let time: Int64
    let event: Event
    var from = TraceEndpoint.nowhere
    var to = TraceEndpoint.nowhere
    var count = 0
}
