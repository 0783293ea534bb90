import CEventReactorShims
package import EventReactorCore
import Glibc

extension ListeningSocket {
    /// Stops new connections in the kernel, as far as possible, and leaves those in the backlog.
    ///
    /// A later attempt does not succeed: a UNIX socket refuses it, and TCP does not answer, so that the peer retries a
    /// second later and is refused then, or is served by another socket of the address. Without this a connection could
    /// arrive between the last `accept` and `close`, and be reset. A socket that other processes may share is left
    /// unchanged.
    ///
    /// - Returns: the largest number of waiting connections; 0 if this socket does not serve its backlog.
    package borrowing func endArrivals() -> Int {
        guard duties.contains(.serveBacklog) else { return 0 }
        let isOwn = duties.contains(.shutDown)
        guard address.family != .unix else {
            if isOwn { _ = shutdown(descriptor, Int32(SHUT_RD)) }
            // The kernel does not report the number; a shared socket's may grow.
            return isOwn ? Int.max : ListeningSocket.sharedBound
        }
        let isClosed = isOwn && er_refuse_attempts(descriptor) == 0
        let count = Int(er_backlog_count(descriptor))
        guard count >= 0 else { return ListeningSocket.sharedBound }
        // The handshakes under way are few, and complete.
        return isClosed ? count + ListeningSocket.handshakes : count
    }

    private static var sharedBound: Int { 4096 }
    private static var handshakes: Int { 256 }

    /// Accepts one connection: its descriptor and peer, or -1 with `errno` set.
    package static func accept(at listener: Int32) -> (descriptor: Int32, peer: SocketAddress) {
        var form = sockaddr_storage()
        var length: UInt32 = 0
        return unsafe withUnsafeMutablePointer(to: &form) { form in
            let accepted = unsafe er_accept_from(listener, form, &length)
            guard accepted >= 0 else { return (accepted, .unnamedUnix) }
            return unsafe form.withMemoryRebound(to: sockaddr.self, capacity: 1) { form in
                (accepted, unsafe SocketAddress(kernelForm: form, length: length))
            }
        }
    }
}
