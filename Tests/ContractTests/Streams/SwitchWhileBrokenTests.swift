import EventReactor
import EventReactorCore
import Glibc
import Testing

@Suite("Contract 59: a switch while the rest of a broken connection is delivered")
struct SwitchWhileBrokenTests {
    static let settings = Setting.all.filter { $0.admitsRawPeers && $0.transport == .unix }

    /// One end of a pair of sockets, whose other end has sent so many bytes and has gone.
    private func endWithBytes(_ count: Int) throws -> Int32 {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        var size: Int32 = 16 << 20
        unsafe setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 1000) }
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe send(ends[1], $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        }
        try #require(sent == count)
        close(ends[1])
        return ends[0]
    }

    @Test(arguments: settings, [0, 7])
    func theNextProtocolGetsWhatHadArrived(_ setting: Setting, _ leftover: Int) throws {
        let count = 3 << 20
        try setting.run { world in
            let server = Recorder("server")
            let next = Recorder("next")
            var first = 0
            server.onData = { server, data in
                // The peer has gone: the connection breaks.
                server.transport.write("x")
                guard server.calls.count == 3 else { return first += data.count }
                first += data.count - leftover
                server.switchProtocol(to: next, unconsumed: data.span.extracting(droppingFirst: data.count - leftover))
            }
            let socket = try endWithBytes(count)
            try world.adopt(connection: socket, server)
            close(socket)
            world.finishWhenLost(next) {
                #expect(first + next.received.count == count)
                #expect(next.calls.first == "made")
            }
        }
    }

    /// The bytes that are left for the next one are the last.
    @Test(arguments: settings)
    func theNextProtocolGetsTheLastBytes(_ setting: Setting) throws {
        try setting.run { world in
            let server = Recorder("server")
            let next = Recorder("next")
            server.onMade = { $0.transport.write("x") }
            server.onData = { server, data in
                server.switchProtocol(to: next, unconsumed: data.span.extracting(droppingFirst: 10))
            }
            let socket = try endWithBytes(1000)
            try world.adopt(connection: socket, server)
            close(socket)
            world.finishWhenLost(next) {
                #expect(next.received.count == 990)
                #expect(next.calls == ["made", "data", "lost"])
            }
        }
    }

    /// Another connection's callback switches, and writes to a peer that has gone, before the bytes are read.
    @Test(arguments: settings)
    func bytesThatArriveBehindTheSwitchAreNotLost(_ setting: Setting) throws {
        try setting.run { world in
            let other = Recorder("other")
            let server = Recorder("server")
            let next = Recorder("next")
            other.onData = { _, _ in
                server.switchProtocol(to: next)
                server.transport.write("x")
            }
            let first = try endWithBytes(10)
            let second = try endWithBytes(1000)
            try world.adopt(connection: first, other)
            try world.adopt(connection: second, server)
            close(first)
            close(second)
            world.finishWhenLost(next) {
                #expect(next.received.count == 1000)
                #expect(next.calls == ["made", "data", "lost"])
                #expect(server.calls == ["made"])
            }
        }
    }
}
