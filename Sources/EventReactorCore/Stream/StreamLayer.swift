/// A transport between a connection and the protocol of the program, such as TLS.
///
/// To the connection below it is the protocol: it is called with what arrives, and writes what is to be sent. To the
/// program's protocol it is the connection above, a ``StreamConnection`` as well, whose engine is the layer's. So both
/// sides keep the contract by the same state machine.
///
/// The connection below has the socket, with its addresses, options and deadlines; the one above counts the program's
/// bytes, for marks, timeouts and rate limits. Both end together, in the order below, above: the connection above never finishes by itself, but has the one
/// below end, and the layer passes the loss on by `layerBelowLost`.
package protocol StreamLayer: Protocol {
    /// The connection above; nil until there is one.
    var upper: StreamConnection? { get }

    /// The connection below is about to be closed in order, by a timeout or a stop: sends what says so.
    ///
    /// The bytes are offered to the kernel at once, and dropped if it does not take them.
    func willClose()
}
