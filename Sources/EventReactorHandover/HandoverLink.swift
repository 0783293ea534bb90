import CEventReactorShims
import EventReactorCore
import EventReactorPosix
import Glibc

/// The successor's end of a handover socket, used before there is a loop: each call waits, up to a deadline.
final class HandoverLink {
    private var descriptor: Int32
    private var deadline: Int64
    private var timeout: Duration
    private var lines = HandoverLines()
    /// Received descriptors that belong to no line yet.
    private var received: [Int32] = []
    /// Whether the predecessor has sent anything.
    private(set) var hasReceived = false

    private init(_ descriptor: Int32, deadline: Int64, timeout: Duration) {
        self.descriptor = descriptor
        self.deadline = deadline
        self.timeout = timeout
    }

    deinit {
        for descriptor in received { _ = close(descriptor) }
        if descriptor >= 0 { _ = close(descriptor) }
    }

    /// Transfers ownership of the socket to the caller.
    func takeDescriptor() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }

    /// The deadline on the monotonic clock; far enough from the largest number for arithmetic.
    static func deadline(after timeout: Duration) -> Int64 {
        er_monotonic_now() + min(max(0, timeout.saturatedNanoseconds), Int64.max / 2)
    }

    /// Connects.
    ///
    /// - Returns: `nil` if no socket listens at the address.
    static func connect(
        to address: SocketAddress, deadline: Int64, timeout: Duration
    ) throws(HandoverError) -> HandoverLink? {
        let descriptor = er_socket(AF_UNIX, Int32(SOCK_STREAM.rawValue))
        guard descriptor >= 0 else { throw .system(SystemError(code: errno, operation: "socket", address: address)) }
        let link = HandoverLink(descriptor, deadline: deadline, timeout: timeout)
        while unsafe address.withKernelForm({ unsafe Glibc.connect(descriptor, $0, $1) }) != 0 {
            switch errno {
            case EINTR: continue
            case ENOENT, ECONNREFUSED: return nil
            // Its backlog is full, and the kernel does not report when it has room again.
            case EAGAIN: try link.pause()
            default: throw .system(SystemError(code: errno, operation: "connect", address: address))
            }
        }
        return link
    }

    /// Sets the deadline of the following calls.
    func setTimeout(_ timeout: Duration) {
        self.timeout = timeout
        deadline = HandoverLink.deadline(after: timeout)
    }

    var untrustedUser: UInt32? {
        get throws(HandoverError) { try HandoverWire.untrustedUser(at: descriptor) }
    }

    /// Blocks for 10 ms.
    func pause() throws(HandoverError) {
        try HandoverLink.pause(deadline: deadline, timeout: timeout)
    }

    static func pause(deadline: Int64, timeout: Duration) throws(HandoverError) {
        guard er_monotonic_now() < deadline else { throw .timedOut(after: timeout) }
        _ = poll(nil, 0, 10)
    }

    /// Sends a line.
    ///
    /// A peer that is gone is noticed when the answer is received, which may give the reason.
    func send(_ line: String) throws(HandoverError) {
        guard let error = HandoverWire.send(line + "\n", [], to: descriptor) else { return }
        guard error.code == EPIPE || error.code == ECONNRESET else { throw .system(error) }
    }

    /// Receives the next line; throws if it is an error.
    func receiveLine() throws(HandoverError) -> String {
        while true {
            if let line = try lines.next() {
                if let error = HandoverWire.error(in: line) { throw error }
                return line
            }
            try receive()
        }
    }

    /// Receives one batch of sockets, and the number that will follow.
    func receiveSockets() throws(HandoverError) -> (sockets: [(name: String, descriptor: Int32)], left: Int) {
        let header = try receiveLine()
        let words = header.split(separator: " ", omittingEmptySubsequences: false)
        guard
            words.count == 3, words[0] == "sockets",
            let count = Int(words[1]), 1...Int(ER_DESCRIPTORS_PER_MESSAGE) ~= count,
            let left = Int(words[2]), 0...HandoverWire.socketLimit ~= left
        else { throw .malformed(header) }
        var names: [String] = []
        for _ in 0..<count {
            let name = try receiveLine()
            guard HandoverWire.isName(name) || name == HandoverWire.ownName else { throw .malformed(name) }
            names.append(name)
        }
        guard received.count == count, lines.isEmpty else {
            throw .malformed("\(header), with \(received.count) descriptors")
        }
        defer { received = [] }
        return (Array(zip(names, received)), left)
    }

    private func receive() throws(HandoverError) {
        var buffer = [UInt8](repeating: 0, count: HandoverWire.batchLimit)
        var descriptors = [Int32](repeating: -1, count: Int(ER_DESCRIPTORS_PER_MESSAGE))
        var arrived: Int32 = 0
        var cut: Int32 = 0
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe descriptors.withUnsafeMutableBufferPointer { descriptors in
                unsafe er_receive_descriptors(
                    descriptor, bytes.baseAddress, UInt64(bytes.count), descriptors.baseAddress, &arrived, &cut)
            }
        }
        let code = errno
        received += descriptors.prefix(Int(arrived))
        if cut != 0 { throw .system(SystemError(code: EMFILE, operation: "recvmsg", address: nil)) }
        if count > 0 {
            hasReceived = true
            return lines.append(buffer.prefix(Int(count)))
        }
        if count == 0 || code == ECONNRESET { throw .peerGone }
        guard code == EAGAIN || code == EINTR else {
            throw .system(SystemError(code: code, operation: "recvmsg", address: nil))
        }
        try waitUntilReadable()
    }

    private func waitUntilReadable() throws(HandoverError) {
        let left = deadline - er_monotonic_now()
        guard left > 0 else { throw .timedOut(after: timeout) }
        var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Rounded up, so that it does not return before the deadline.
        _ = unsafe poll(&question, 1, Int32(clamping: left / 1_000_000 + 1))
    }
}
