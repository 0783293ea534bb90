/// The treatment of peers beyond a listener's limits.
public enum ExcessPolicy: Hashable, Sendable {
    /// They wait in the kernel's backlog: accepting pauses, and resumes by itself when a connection ends or the rate
    /// allows another.
    ///
    /// It costs nothing meanwhile. Peers beyond the backlog are not answered by the kernel.
    case wait

    /// They are accepted and given to ``ListeningPort/onExcess``, or reset if that is not set or makes no protocol.
    ///
    /// The peer learns of a reset at once, whatever it has sent, and the kernel keeps nothing: an orderly close would
    /// keep each refused peer in TIME_WAIT for a minute.
    case close
}
