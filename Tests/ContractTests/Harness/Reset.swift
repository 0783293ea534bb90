import Dispatch
import EventReactor
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// Waits until a reset has reached a connection's socket, without reading from it.
///
/// A busy kernel delivers one some time after the peer has sent it, on the loopback too.
func waitForReset(of transport: any Transport) {
    guard let connection = transport as? StreamConnection else { return }
    var question = pollfd(fd: connection.descriptor, events: 0, revents: 0)
    _ = unsafe poll(&question, 1, 60_000)
}
