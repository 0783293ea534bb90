import EventReactor
import Glibc
import Testing

/// A connection for which the kernel registers no interest would wait for ever, silently.
@Suite("Contract 52: a failure to register interest is never silent")
struct InterestTests {
    /// The readiness that a connection waits for when its descriptor is replaced.
    enum Wait: String, Codable, CaseIterable, Sendable {
        case bytes, roomForBytes, roomForAFile
    }

    /// epoll refuses a regular file, which replaces the connection's socket here.
    ///
    /// In a process of its own, so that no other thread gets the fd.
    @Test(arguments: Setting.all.filter(\.admitsRawPeers), Wait.allCases)
    func line52AConnectionThatCannotBeWatchedEnds(_ setting: Setting, _ wait: Wait) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting, wait = wait as Wait] in
            try setting.run { world in
                let server = Recorder("server")
                var options = ListenOptions()
                options.stream = .narrow
                let file = try PatternFile(world, 1_000_000)
                let peer = try RawPeer(to: world.listen(options: options) { server }.localAddress)
                world.reactor.onDiagnostic = { _ in }
                server.onMade = { server in
                    server.transport.pauseReading()
                    peer.send([1, 2, 3])
                    world.settle {
                        guard let connection = server.transport as? StreamConnection else { return }
                        // Another kind of file, which is readable and takes bytes, and which epoll refuses.
                        let other = unsafe open(file.path, O_RDWR)
                        dup2(other, connection.descriptor)
                        close(other)
                        switch wait {
                        case .bytes: server.transport.resumeReading()
                        case .roomForBytes: server.transport.write(Pattern.bytes(1_000_000))
                        case .roomForAFile:
                            do { try server.transport.sendFile(file.open()) } catch { unexpected(error) }
                        }
                    }
                }
                server.onLost = { _, reason in
                    switch wait {
                    case .bytes:
                        let error = reason.failure as? SystemError
                        #expect(error?.code == EPERM || error?.code == EBADF || error?.code == ENOENT, "\(reason)")
                    case .roomForBytes, .roomForAFile: #expect(!reason.isDone, "\(reason)")
                    }
                    world.finish()
                }
            }
        }
    }
}
