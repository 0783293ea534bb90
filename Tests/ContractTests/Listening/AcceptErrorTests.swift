import EventReactor
import Glibc
import Testing

@testable import EventReactorPosix

@Suite("Contract 23: errors of accept")
struct AcceptErrorTests {
    /// Errors of `accept` that are about one peer.
    private static let ofOnePeer = [
        EPERM, ENOPROTOOPT, EOPNOTSUPP, ETIMEDOUT, ECONNRESET, ECONNABORTED, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN,
        EHOSTUNREACH, ENONET, ECONNREFUSED, EPIPE, EACCES, EPROTONOSUPPORT,
    ]

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers), ofOnePeer)
    func line23AnErrorOfOnePeerHoldsNobodyUp(_ setting: Setting, _ code: Int32) throws {
        try setting.run { world in
            let port = try world.listen { nil }
            port.onAcceptFailure = { Issue.record("reported: \($0)") }
            let reserve = ReserveDescriptor()
            let listener = try RawSocket(.ipv4)
            // With connections in between there may be any number of them.
            for _ in 0..<10 {
                for _ in 0..<20 { #expect(reserve.handle(code, listener: listener.descriptor, port: port)) }
                port.accepted(descriptor: dup(listener.descriptor), peer: try SocketAddress(ip: "127.0.0.1", port: 1))
            }
            #expect(port.isAccepting)
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers))
    func line23AnErrorThatComesForEverIsReportedAndNotTriedWithoutPause(_ setting: Setting) throws {
        try setting.run { world in
            let port = try world.listen { nil }
            var failures: [AcceptFailure] = []
            port.onAcceptFailure = { failures.append($0) }
            let reserve = ReserveDescriptor()
            let listener = try RawSocket(.ipv4)
            var tries = 0
            while tries < 1000, reserve.handle(EPERM, listener: listener.descriptor, port: port) { tries += 1 }
            #expect(tries < 1000)
            #expect(failures.map(\.error.code) == [EPERM])
            // It goes on by itself.
            let client = Recorder("client")
            client.onLost = { _, _ in world.finish() }
            try world.connect(to: port.localAddress) { client }
        }
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers), [EBADF, ENOTSOCK, EINVAL])
    func line23AnErrorOfTheListenerIsReportedAtOnce(_ setting: Setting, _ code: Int32) throws {
        try setting.run { world in
            let port = try world.listen { nil }
            var failures: [AcceptFailure] = []
            port.onAcceptFailure = { failures.append($0) }
            let listener = try RawSocket(.ipv4)
            #expect(!ReserveDescriptor().handle(code, listener: listener.descriptor, port: port))
            #expect(failures.map(\.error.code) == [code])
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.reactors.filter { !$0.isOnKernel })
    func aShortageThatLastsIsReportedOnceAndThenCounted(_ setting: Setting) throws {
        // Virtual time: half a minute of failures, with connections accepted in between.
        try setting.run { world in
            let port = try world.listen { nil }
            var reports: [Int] = []
            world.reactor.onDiagnostic = { diagnostic in
                switch diagnostic {
                case .acceptFailed(let error):
                    #expect(error.code == EMFILE)
                    reports.append(0)
                case .acceptFailedAgain(let error, let times):
                    #expect(error.code == EMFILE)
                    reports.append(times)
                default: Issue.record("unexpected: \(diagnostic)")
                }
            }
            let error = SystemError(code: EMFILE, operation: "accept", address: port.localAddress)
            var failures = 0
            func fail() {
                failures += 1
                port.acceptFailed(error, closed: 1, waits: false)
                port.accepted(descriptor: 1_000_000, peer: port.localAddress)
                if failures < 1500 { world.reactor.callLater(.milliseconds(10), fail) }
            }
            fail()
            world.reactor.callLater(.seconds(45)) {
                #expect(reports.first == 0 && reports.count == 3)
                #expect(reports.reduce(0, +) == 1499)
                // The next is a new shortage.
                port.acceptFailed(error, closed: 1, waits: false)
                #expect(reports.last == 0)
                world.finish()
            }
        }
    }
}
