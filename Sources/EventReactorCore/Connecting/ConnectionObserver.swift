/// Learns of the life of a connection that a connector makes, beside its protocol.
///
/// The connection retains it until the loss. A failed connect is reported to the connector's `onFailure` instead.
package protocol ConnectionObserver: AnyObject {
    /// `connectionMade` has returned; called in the same callback, and not called if it threw.
    func connectionEstablished(_ protocol: Protocol)

    /// `connectionLost` has returned, or was due for a connection that was never established; called once, last.
    func connectionEnded(_ reason: ConnectionLostReason)

    /// The reactor is released during a run: no callback is made any more, and none must be made here.
    ///
    /// - Returns: the objects that it retained, to be released once nothing refers to the reactor any more.
    func reactorReleased() -> [Any]
}
