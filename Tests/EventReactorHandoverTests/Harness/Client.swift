import EventReactor
import EventReactorPosix
import Glibc

/// A client with a plain, blocking socket.
final class Client {
    let descriptor: Int32
    /// The errno of its connect, or 0.
    let failure: Int32

    init(to address: SocketAddress) {
        let domain = address.family == .unix ? AF_UNIX : address.family == .ipv6 ? AF_INET6 : AF_INET
        let descriptor = socket(domain, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        let code = unsafe address.withKernelForm { unsafe connect(descriptor, $0, $1) }
        failure = code == 0 ? 0 : errno
    }

    deinit { close(descriptor) }

    /// Sends a byte and waits for a line: the line, or nil and an errno, 0 if the connection ended in order.
    func ask() -> (line: String?, code: Int32) {
        if failure != 0 { return (nil, failure) }
        var byte = UInt8(ascii: "?")
        guard unsafe send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 else { return (nil, errno) }
        var line: [UInt8] = []
        while true {
            let count = unsafe recv(descriptor, &byte, 1, 0)
            if count != 1 { return (nil, count == 0 ? 0 : errno) }
            if byte == UInt8(ascii: "\n") { return (String(decoding: line, as: UTF8.self), 0) }
            line.append(byte)
        }
    }

    static func ask(_ address: SocketAddress) -> String? { Client(to: address).ask().line }
}
