import EventReactor
import EventReactorHandover
import EventReactorPosix
import Glibc
import Testing

/// The example `Handover`, as processes that follow one another.
@Suite struct HandoverProcessTests {
    private func start(_ path: String) throws -> (process: ChildProcess, port: Int) {
        let process = try ChildProcess(shell: "exec \(ChildProcess.path(of: "Handover")) 0 \(path)")
        let line = try #require(process.line())
        let port = try #require(line.split(separator: ":").last.flatMap { Int($0) }, "it says \(line)")
        return (process, port)
    }

    @Test func versionsFollowOneAnother() throws {
        let fresh = FreshPath()
        var (current, port) = try start(fresh.path)
        let address = try SocketAddress(ip: "127.0.0.1", port: port)
        for _ in 0..<3 {
            #expect(Visit(to: address).text.hasSuffix("process \(current.process)\n"))
            let (next, samePort) = try start(fresh.path)
            #expect(samePort == port)
            #expect(current.line() == "Handover: another process serves from here on")
            #expect(current.line() == nil)
            #expect(current.wait() == 0)
            current = next
        }
        #expect(Visit(to: address).text.hasSuffix("process \(current.process)\n"))
        current.stop()
        #expect(current.wait() == 0)
    }

    @Test func aVersionThatIsKilledBeforeItServesChangesNothing() throws {
        let fresh = FreshPath()
        let (current, port) = try start(fresh.path)
        let address = try SocketAddress(ip: "127.0.0.1", port: port)
        do {
            // This process plays a successor that takes the sockets and never serves.
            let taken = try Handover.take(path: fresh.path)
            #expect(taken?["http"]?.addresses == [address])
        }
        #expect(current.line()?.contains("the other end has gone") == true)
        #expect(Visit(to: address).text.hasSuffix("process \(current.process)\n"))
        current.stop()
        #expect(current.wait() == 0)
    }

    @Test func aChildTakesTheSocketsThatSystemdPassesToIt() throws {
        let fresh = FreshPath()
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        let wanted = try SocketAddress(ip: "127.0.0.1", port: 0)
        #expect(unsafe wanted.withKernelForm { unsafe bind(listener, $0, $1) } == 0 && listen(listener, 8) == 0)
        let address = SocketAddress(of: listener)
        // A connection from before the program runs waits for it.
        let early = Visit(to: address)
        let program = "exec \(ChildProcess.path(of: "Handover")) 1 \(fresh.path)"
        let first = try ChildProcess(
            shell: "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http; " + program, descriptors: [(listener, as: 3)]
        )
        #expect(first.line() == "Handover: listens at \(address)")
        #expect(early.text.hasSuffix("process \(first.process)\n"))
        // They can be handed over as any others, and stay systemd's.
        let (second, _) = try start(fresh.path)
        #expect(first.line() == "Handover: another process serves from here on")
        #expect(first.wait() == 0)
        #expect(Visit(to: address).text.hasSuffix("process \(second.process)\n"))
        second.stop()
        #expect(second.wait() == 0)
        #expect(Visit(to: address).failure == 0)

        // Not for this process, and malformed.
        for (settings, words) in [
            ("LISTEN_PID=1 LISTEN_FDS=1", "port 70000"), ("LISTEN_PID=$$ LISTEN_FDS=x", "LISTEN_FDS is \"x\""),
            ("LISTEN_PID=$$ LISTEN_FDS=900", "is not open"),
            ("LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=a:b", "2 names"),
        ] {
            let child = try ChildProcess(
                shell: "export \(settings); exec \(ChildProcess.path(of: "Handover")) 70000 \(fresh.path)",
                descriptors: [(listener, as: 3)])
            let line = child.line() ?? ""
            #expect(line.contains(words), "it says \(line)")
            #expect(child.wait() == 1)
        }
    }
}

/// One request to the example, and its answer.
private final class Visit {
    private let caller: Client
    var failure: Int32 { caller.failure }

    /// Connects and asks, and does not wait.
    init(to address: SocketAddress) {
        caller = Client(to: address)
        let request = [UInt8]("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".utf8)
        _ = unsafe send(caller.descriptor, request, request.count, Int32(MSG_NOSIGNAL))
    }

    /// The answer, up to the end of the connection.
    lazy var text: String = {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1000)
        while true {
            let count = unsafe recv(caller.descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer.prefix(count)
        }
    }()
}
