import EventReactor
import Glibc
import Testing

/// A peer outside the library: a plain socket, for acts that no protocol of the library does to its peer.
///
/// No call blocks: `EAGAIN` is a result of its own. Tests that use it need `Setting.admitsRawPeers`.
final class RawPeer {
    enum Received: Equatable {
        case bytes([UInt8])
        case nothing
        case end
        case failure(Int32)
    }

    private(set) var descriptor: Int32

    /// Connects to a listener of this machine; the kernel answers before the listener has accepted.
    init(to address: SocketAddress, receiveBuffer: Int32? = nil) throws {
        let family = address.path != nil ? AF_UNIX : address.host?.contains(":") == true ? AF_INET6 : AF_INET
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        if var size = receiveBuffer {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        let result = unsafe try RawPeer.withSockaddr(address) { unsafe connect(descriptor, $0, $1) }
        try #require(result == 0)
    }

    deinit {
        close()
    }

    private static func withSockaddr(
        _ address: SocketAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        if let path = address.path {
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            return unsafe withUnsafeBytes(of: &name) { bytes in
                unsafe body(
                    bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
            }
        }
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_NUMERICHOST
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let host = try #require(address.host)
        let port = try #require(address.port)
        try #require(unsafe getaddrinfo(host, String(port), &hints, &found) == 0)
        defer { unsafe freeaddrinfo(found) }
        let first = unsafe try #require(unsafe found)
        return unsafe body(first.pointee.ai_addr, first.pointee.ai_addrlen)
    }

    /// Sends as much as the kernel takes.
    ///
    /// - Returns: the number of bytes that it took, or a negative errno.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Int {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        }
        return count >= 0 ? count : -Int(errno)
    }

    /// Receives bytes that have arrived, up to a size.
    func receive(_ size: Int = 65_536) -> Received {
        var bytes = [UInt8](repeating: 0, count: size)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        if count > 0 { return .bytes([UInt8](bytes.prefix(count))) }
        if count == 0 { return .end }
        return errno == EAGAIN ? .nothing : .failure(errno)
    }

    /// Receives until the end of the connection, and returns the number of bytes and the ending.
    ///
    /// It blocks. Only for a peer whose other end is closed: nothing else ends the wait.
    func receiveToTheEnd() -> (count: Int, end: Received) {
        var count = 0
        while true {
            let received = receive()
            switch received {
            case .bytes(let bytes): count += bytes.count
            case .nothing:
                var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                unsafe poll(&question, 1, -1)
            case .end, .failure: return (count, received)
            }
        }
    }

    func shutdownRead() {
        shutdown(descriptor, Int32(SHUT_RD))
    }

    func shutdownWrite() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes in order, or with a reset if bytes were not read.
    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Closes with a reset.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}

/// The inode behind a descriptor, which identifies the file even if an fd is used again.
func inode(of descriptor: Int32) -> UInt? {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? UInt(status.st_ino) : nil
}
