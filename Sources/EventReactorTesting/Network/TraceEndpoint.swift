/// One end of a connection in a trace: a host by its index, and a port.
struct TraceEndpoint {
    static let nowhere = TraceEndpoint(host: -1, port: 0)

    let host: Int
    /// The port; -1 for a UNIX-domain address.
    let port: Int
}
