import EventReactor
import EventReactorPosix
import Glibc
import Testing

@Suite("Contract 42: UNIX stream sockets")
struct UnixSocketTests {
    @Test(arguments: Setting.unixSockets.filter(\.admitsRawPeers), [0o600, 0o660, 0o666, 0o700])
    func line42TheModeIsApplied(_ setting: Setting, _ mode: UInt16) throws {
        try setting.run { world in
            let path = world.freshPath()
            try world.reactor.listenUNIX(path: path, mode: mode) { nil }
            #expect(status(of: path).map { $0.st_mode & 0o7777 } == mode_t(mode))
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.unixSockets.filter(\.admitsRawPeers))
    func line42ThePathIsRemovedOnStop(_ setting: Setting) throws {
        var left = ""
        try setting.run { world in
            let path = world.freshPath()
            let port = try world.reactor.listenUNIX(path: path) { nil }
            #expect(status(of: path)?.isSocket == true)
            port.stopListening()
            #expect(status(of: path) == nil)
            #expect(port.localAddress.path == path)
            // The reactor's stop removes it as well.
            left = world.freshPath()
            try world.reactor.listenUNIX(path: left) { nil }
            world.finishSoon()
        }
        #expect(status(of: left) == nil)
    }

    @Test(arguments: Setting.unixSockets.filter(\.admitsRawPeers))
    func line42ThePathIsRemovedByAReactorThatNeverRan(_ setting: Setting) throws {
        var path = ""
        do {
            let world = try World(setting, ReactorConfiguration())
            path = world.freshPath()
            try world.reactor.listenUNIX(path: path) { nil }
            #expect(status(of: path) != nil)
        }
        #expect(status(of: path) == nil)
    }

    @Test(arguments: Setting.unixSockets.filter(\.admitsRawPeers))
    func line42WhatASuccessorPutAtThePathIsNotRemoved(_ setting: Setting) throws {
        try setting.run { world in
            let path = world.freshPath()
            let port = try world.reactor.listenUNIX(path: path) { nil }
            unsafe unlink(path)
            let successor = try RawSocket(.unix)
            #expect(successor.bind(to: port.localAddress))
            port.stopListening()
            #expect(status(of: path) != nil)
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.unixSockets.filter(\.admitsRawPeers))
    func line42AStaleSocketFileIsReplaced(_ setting: Setting) throws {
        try setting.run { world in
            let path = world.freshPath()
            let address = try SocketAddress.unix(path: path)
            do {
                let dead = try RawSocket(.unix)
                #expect(dead.bind(to: address) && dead.listen(backlog: 1))
            }
            #expect(status(of: path) != nil)
            world.listenUNIX(whenFree: path) {
                world.finish()
                return nil
            } then: { port in
                #expect(port.localAddress == address)
                #expect(throws: Never.self) { try world.connect(to: address) { Recorder() } }
            }
        }
    }

    /// The kinds of sockets that may be alive at a path.
    enum Life: CaseIterable, Sendable {
        case accepting, backlogFull, boundAlone, datagrams
    }

    @Test(arguments: Setting.unixSockets.filter(\.admitsRawPeers), Life.allCases)
    func line42ALiveSocketIsNotReplaced(_ setting: Setting, _ life: Life) throws {
        try setting.run { world in
            let path = world.freshPath()
            let address = try SocketAddress.unix(path: path)
            let live = try RawSocket(.unix, type: life == .datagrams ? SOCK_DGRAM : SOCK_STREAM)
            #expect(live.bind(to: address))
            if life == .accepting || life == .backlogFull { #expect(live.listen(backlog: life == .accepting ? 8 : 0)) }
            let clients = try (0..<4).map { _ in try RawSocket(.unix) }
            if life == .backlogFull { for client in clients { _ = client.connect(to: address) } }
            let before = status(of: path)?.st_ino
            let error = #expect(throws: ListenError.self) { try world.reactor.listenUNIX(path: path) { nil } }
            guard case .addressInUse? = error else { return unexpected(error) }
            #expect(status(of: path)?.st_ino == before)
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.unixSockets.filter(\.admitsRawPeers))
    func line42AFileInTheWayIsNotDeleted(_ setting: Setting) throws {
        try setting.run { world in
            let file = world.freshPath()
            let descriptor = unsafe open(file, O_CREAT | O_WRONLY, 0o600)
            _ = close(descriptor)
            let link = world.freshPath()
            #expect(unsafe symlink(file, link) == 0)
            for path in [file, link, "/tmp"] {
                let before = status(of: path)?.st_ino
                let error = #expect(throws: ListenError.self) { try world.reactor.listenUNIX(path: path) { nil } }
                guard case .addressInUse(let cause)? = error else { return unexpected(error) }
                #expect(cause.address?.path == path)
                #expect(before != nil && status(of: path)?.st_ino == before)
            }
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.unixSockets.filter(\.admitsRawPeers))
    func line42AFolderThatIsMissingIsATypedError(_ setting: Setting) throws {
        try setting.run { world in
            let error = #expect(throws: ListenError.self) {
                try world.reactor.listenUNIX(path: "/no/such/folder/x.sock") { nil }
            }
            guard case .system(let cause)? = error else { return unexpected(error) }
            #expect(cause.code == ENOENT)
            #expect(cause.address?.path == "/no/such/folder/x.sock")
            world.finishSoon()
        }
    }

    @Test(arguments: Setting.unixSockets, ["", "\0", "\0two\0NULs\0", "é"])
    func line42AbstractNamesWork(_ setting: Setting, _ end: String) throws {
        try setting.run { world in
            // The path of another test's socket, as an abstract name.
            let name = "\0" + world.freshPath() + end
            let server = Recorder("server")
            let port = try world.reactor.listenUNIX(path: name) { server }
            #expect(port.localAddress.isAbstract)
            #expect(port.localAddress.path == name)
            #expect(throws: ListenError.self) { try world.reactor.listenUNIX(path: name) { nil } }
            let client = Recorder("client")
            client.onMade = { client in
                #expect(client.transport.peerAddress == port.localAddress)
                client.transport.write("hello")
            }
            server.onData = { server, _ in
                #expect(server.text == "hello")
                port.stopListening()
                world.listenUNIX(whenFree: name) {
                    nil
                } then: { _ in
                    world.finish()
                }
            }
            try world.connect(to: port.localAddress) { client }
        }
    }

    private func status(of path: String) -> stat? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status : nil
    }
}

extension stat {
    fileprivate var isSocket: Bool { st_mode & S_IFMT == S_IFSOCK }
}
