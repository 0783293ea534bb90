import EventReactor
import EventReactorPosix
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite("Contract 50: the owner of a UNIX path")
struct UnixPathTests {
    private static let onKernel = Setting.unixSockets.filter(\.admitsRawPeers)

    /// Leaves a socket file behind, as a program does if it is killed.
    private func leaveStaleFile(_ path: String) throws {
        let dead = try RawSocket(.unix)
        #expect(dead.bind(to: try .unix(path: path)) && dead.listen(backlog: 1))
    }

    @Test(arguments: onKernel)
    func line50OfServersThatReplaceAStaleFileAtOnceOneListens(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let path = world.freshPath()
        for _ in 0..<100 {
            try leaveStaleFile(path)
            let here = Counter()
            let listening = Counter()
            let over = Counter()
            let threads = (0..<4).map { _ in
                WorkerThread { [setting, path, here, listening, over] in
                    guard let world = try? setting.makeWorld() else { return }
                    defer { world.end() }
                    here.increment()
                    here.wait(for: 4)
                    let port = try? world.reactor.listenUNIX(path: path) { nil }
                    if port != nil { listening.increment() }
                    over.increment()
                    over.wait(for: 4)
                }
            }
            for thread in threads { thread.join() }
            #expect(over.value == 4)
            #expect(listening.value == 1)
            #expect(unsafe access(path + ".replacing", F_OK) != 0)
            unsafe unlink(path)
        }
    }

    @Test(arguments: onKernel)
    func line50AFileThatAnotherReplacedMeanwhileStays(_ setting: Setting) throws {
        let world = try setting.makeWorld()
        defer { world.end() }
        let path = world.freshPath()
        let address = try SocketAddress.unix(path: path)
        try leaveStaleFile(path)
        // Another server is between its look and its bind.
        let lock = path + ".replacing"
        let descriptor = unsafe open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        let failures = Counter()
        let begun = Counter()
        let thread = WorkerThread { [setting, path] in
            guard let world = try? setting.makeWorld() else { return }
            defer { world.end() }
            begun.increment()
            do throws(ListenError) {
                try world.reactor.listenUNIX(path: path) { nil }
            } catch {
                if case .addressInUse = error { failures.increment() }
            }
        }
        begun.wait(for: 1)
        let other = try RawSocket(.unix)
        let name = world.freshPath()
        #expect(other.bind(to: try .unix(path: name)))
        #expect(unsafe rename(name, path) == 0)
        unsafe unlink(lock)
        close(descriptor)
        thread.join()
        #expect(failures.value == 1)
        #expect(other.listen(backlog: 4))
        _ = try RawPeer(to: address)
    }

    @Test(arguments: onKernel)
    func line50TheModeIsThatOfTheOwnFileWhateverIsPutInItsPlace(_ setting: Setting) async {
        // The umask is the process's.
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            umask(0o077)
            let world = try setting.makeWorld()
            defer { world.end() }
            let path = world.freshPath()
            let victim = world.freshPath()
            close(unsafe open(victim, O_CREAT | O_RDWR, 0o600))
            let isOver = Counter()
            let thread = WorkerThread {
                var status = stat()
                while isOver.value == 0 {
                    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { continue }
                    unsafe unlink(path)
                    _ = unsafe symlink(victim, path)
                }
            }
            var status = stat()
            for _ in 0..<1000 {
                try? world.reactor.listenUNIX(path: path, mode: 0o666) { nil }.stopListening()
                // The path is a link, or the socket's own file.
                if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK {
                    #expect(status.st_mode & 0o777 == 0o666)
                }
                unsafe unlink(path)
            }
            isOver.increment()
            thread.join()
            #expect(unsafe stat(victim, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test(arguments: onKernel, [0o600, 0o666, 0o777] as [UInt16])
    func line50TheModeIsExactWhateverTheUmask(_ setting: Setting, _ mode: UInt16) async {
        await #expect(processExitsWith: .success) { [setting = setting as Setting, mode = mode as UInt16] in
            let world = try setting.makeWorld()
            defer { world.end() }
            for mask: mode_t in [0, 0o022, 0o177, 0o777] {
                umask(mask)
                let path = world.freshPath()
                try world.reactor.listenUNIX(path: path, mode: mode) { nil }
                var status = stat()
                #expect(unsafe lstat(path, &status) == 0 && status.st_mode & 0o7777 == mode_t(mode))
            }
        }
    }

    @Test(arguments: onKernel)
    func line50ARelativePathIsRemovedAfterAChangeOfDirectory(_ setting: Setting) async {
        // The directory is the process's.
        await #expect(processExitsWith: .success) { [setting = setting as Setting] in
            let world = try setting.makeWorld()
            defer { world.end() }
            let directory = world.freshPath() + ".directory"
            #expect(unsafe mkdir(directory, 0o700) == 0 && chdir(directory) == 0)
            let stopped = try world.reactor.listenUNIX(path: "stopped.sock") { nil }
            try world.reactor.listenUNIX(path: "./other.sock") { nil }
            #expect(stopped.localAddress.path == "stopped.sock")
            #expect(unsafe chdir("/") == 0)
            stopped.stopListening()
            #expect(unsafe access(directory + "/stopped.sock", F_OK) != 0)
            #expect(unsafe access(directory + "/other.sock", F_OK) == 0)
            world.finishSoon()
            try world.run()
            #expect(unsafe access(directory + "/other.sock", F_OK) != 0)
            // A directory that is gone has no name, and nothing can be bound in it.
            #expect(unsafe chdir(directory) == 0 && rmdir(directory) == 0)
            #expect(throws: ListenError.self) { try world.reactor.listenUNIX(path: "x.sock") { nil } }
        }
    }
}
