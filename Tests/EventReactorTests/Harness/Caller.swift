import EventReactor
import Glibc

/// A client outside the library, whose calls block.
final class Caller {
    private let descriptor: Int32

    /// Connects to an address, or fails if nothing listens there.
    init?(_ address: SocketAddress) {
        let isUnix = address.path != nil
        descriptor = socket(isUnix ? AF_UNIX : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        // Ends a test whose answer never comes; it measures no speed.
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard Caller.connect(descriptor, address) else { return nil }
    }

    deinit {
        close(descriptor)
    }

    private static func connect(_ descriptor: Int32, _ address: SocketAddress) -> Bool {
        if let path = address.path {
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            return unsafe withUnsafePointer(to: &name) { name in
                unsafe name.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
        }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(address.port ?? 0).bigEndian
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return unsafe withUnsafePointer(to: &name) { name in
            unsafe name.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// The index of the reactor that serves this connection; `nil` if the connection has ended.
    func ask() -> Int? {
        var byte: UInt8 = 0
        guard unsafe send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 else { return nil }
        return unsafe recv(descriptor, &byte, 1, 0) == 1 ? Int(byte) : nil
    }

    /// Waits for the end of the connection, and returns whether it came without a byte before.
    func seesEnd() -> Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(descriptor, &byte, 1, 0)
        return count == 0 || count < 0 && errno != EAGAIN
    }
}
