import EventReactor
import Glibc
import Synchronization
import TestSupport
import Testing

/// The epoll descriptors of a reactor, which can be made to refuse every call for a while.
private final class Poller {
    private let descriptors: [Int32]
    private var saved: [Int32] = []

    /// Those that were opened since; descriptors are the process's, so this is for exit tests.
    init(since before: Set<Int32>) {
        descriptors = Descriptors.open.filter {
            !before.contains($0) && linkTarget("/proc/self/fd/\($0)") == "anon_inode:[eventpoll]"
        }
    }

    /// Runs a closure during which registering any interest fails: EINVAL, since the fd is no epoll instance.
    func broken<Result>(_ body: () throws -> Result) rethrows -> Result {
        #expect(!descriptors.isEmpty)
        let other = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        saved = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 0) }
        for descriptor in descriptors { dup2(other, descriptor) }
        defer {
            for (descriptor, copy) in zip(descriptors, saved) {
                dup2(copy, descriptor)
                close(copy)
            }
            close(other)
        }
        return try body()
    }
}

@Suite("Contract 52: interest that cannot be registered")
struct WatchFailureTests {
    private static func world(_ setting: Setting) throws -> (World, Poller) {
        let before = Set(Descriptors.open)
        let world = try setting.makeWorld()
        return (world, Poller(since: before))
    }

    @Test(arguments: Setting.transports.filter(\.admitsRawPeers))
    func line52AListenerThatCannotBeWatchedIsATypedError(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            let (world, poller) = try WatchFailureTests.world(setting)
            defer { world.end() }
            let messages = Messages(world)
            let wanted = try world.unusedAddress()
            let sockets = Descriptors.sockets
            let error = #expect(throws: ListenError.self) {
                try poller.broken { try world.listen(at: wanted) { nil } }
            }
            guard case .system(let cause)? = error else { return unexpected(error) }
            #expect(cause.code == EINVAL)
            #expect(cause.address == wanted)
            #expect(Descriptors.sockets == sockets)
            #expect(messages.texts.isEmpty == (setting.engine != .libevent), "\(messages.texts)")
            // Nothing is left of it.
            let client = Recorder("client")
            let server = Recorder("server")
            server.onMade = { _ in world.finish() }
            try world.connect(to: try world.listen(at: wanted) { server }.localAddress) { client }
            try world.run()
        }
    }

    @Test(arguments: Setting.transports.filter(\.admitsRawPeers))
    func line52AListenerThatCannotBeResumedIsReportedAndTriedAgain(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            let (world, poller) = try WatchFailureTests.world(setting)
            defer { world.end() }
            let messages = Messages(world)
            let server = Recorder("server")
            server.onMade = { _ in world.finish() }
            let port = try world.listen { server }
            var failures: [AcceptFailure] = []
            port.onAcceptFailure = { failures.append($0) }
            world.reactor.callSoon {
                port.pauseAccepting()
                poller.broken { port.resumeAccepting() }
                #expect(failures.map(\.error.code) == [EINVAL])
                #expect(port.isAccepting)
            }
            try world.connect(to: port.localAddress) { Recorder("client") }
            try world.run()
            #expect(failures.count == 1)
            #expect(messages.texts.isEmpty == (setting.engine != .libevent), "\(messages.texts)")
        }
    }

    @Test(arguments: Setting.reactors.filter(\.admitsRawPeers))
    func line52AConnectThatCannotBeWatchedFailsWithTheSystemsError(_ setting: Setting) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            let (world, poller) = try WatchFailureTests.world(setting)
            defer { world.end() }
            let messages = Messages(world)
            let port = try world.listen { nil }
            var failure: ConnectError?
            var attempt: (any ConnectAttempt)?
            world.reactor.callSoon {
                poller.broken {
                    // The engine's own call: that of the reactor begins in a later turn.
                    attempt = world.reactor.engine.connect(
                        to: port.localAddress, from: nil, options: StreamOptions()
                    ) { result in
                        if case .failure(let error) = result { failure = error }
                        world.finish()
                    }
                }
            }
            try world.run()
            attempt?.cancel()
            guard case .system(let cause)? = failure else { return unexpected(failure) }
            #expect(cause.code == EINVAL)
            #expect(messages.texts.isEmpty == (setting.engine != .libevent), "\(messages.texts)")
        }
    }
}

/// Errors that an engine reports by itself.
private final class Messages {
    private(set) var texts: [String] = []

    init(_ world: World) {
        world.reactor.onDiagnostic = { [unowned self] diagnostic in
            guard case .engineMessage(let text) = diagnostic else {
                Issue.record("unexpected: \(diagnostic)")
                return
            }
            texts.append(text)
        }
    }
}
