import EventReactor
import EventReactorHandover
import EventReactorPosix
import Glibc
import Testing

/// Handovers between the processes of different users.
@Suite struct HandoverUserTests {
    @Test(.enabled(if: getuid() == 0, "only root can be two users"))
    func processesOfAnotherUserAreGivenAndBelievedNothing() async {
        await #expect(processExitsWith: .success) {
            let fresh = FreshPath()
            let reactor = try Kind.libevent.makeReactor()
            let port = try reactor.listenTCP(port: 0, host: "127.0.0.1") { nil }
            // An abstract name, since the mode of a path refuses them already.
            let address = try SocketAddress.abstract(fresh.path)
            let offer = try reactor.offerHandover(
                path: "\0" + fresh.path, ports: ["x": port], after: nil, drainingFor: nil)
            let visitor = asNobody { Client(to: address) }
            _ = HandoverWire.send("handover 1 take\n", [], to: visitor.descriptor)
            offer.onFailure = { error in
                #expect(error == .untrusted(user: nobody))
                reactor.callLater(.zero) { try? reactor.stop() }
            }
            try reactor.run()
            var bytes = [UInt8](repeating: 0, count: 100)
            let count = unsafe recv(visitor.descriptor, &bytes, 100, 0)
            #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "error refused\n")

            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            asNobody {
                let other = try? SocketAddress.abstract(fresh.path + "2")
                #expect(unsafe other?.withKernelForm { unsafe bind(listener, $0, $1) } == 0)
                #expect(listen(listener, 4) == 0)
            }
            #expect(throws: HandoverError.untrusted(user: nobody)) { try Handover.take(path: "\0" + fresh.path + "2") }
        }
    }
}

private let nobody: UInt32 = 65_534

/// Runs a closure as a user who is neither this process's nor root.
private func asNobody<Result>(_ body: () throws -> Result) rethrows -> Result {
    #expect(seteuid(nobody) == 0)
    defer { #expect(seteuid(0) == 0) }
    return try body()
}
