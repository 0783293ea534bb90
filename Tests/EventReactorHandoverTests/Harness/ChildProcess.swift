import Glibc
import TestSupport
import Testing

/// A program of this package, run as a process of its own, whose lines of output a test waits for.
final class ChildProcess {
    let process: pid_t
    private let output: Int32
    private var text: [UInt8] = []
    private var status: Int32?

    /// The folder of the built programs: the tests' own.
    private static let folder: String = {
        let own = linkTarget("/proc/self/exe")
        return String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)])
    }()

    static func path(of program: String) -> String { folder + "/" + program }

    /// Starts a command by the shell, with descriptors of this process under given numbers.
    init(shell command: String, descriptors: [(Int32, as: Int32)] = []) throws {
        var ends: [Int32] = [0, 0]
        try #require(unsafe pipe(&ends) == 0)
        // Other tests start processes too: their ends must not keep this one open.
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        defer { close(ends[1]) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for number: Int32 in [1, 2] { unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], number) }
        for (own, number) in descriptors { unsafe posix_spawn_file_actions_adddup2(&actions, own, number) }
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe []
        for word in ["/bin/sh", "-c", command] { unsafe arguments.append(strdup(word)) }
        unsafe arguments.append(nil)
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let code = unsafe withUnblockedSignals { attributes in
            unsafe posix_spawn(&process, "/bin/sh", &actions, attributes, arguments, environ)
        }
        try #require(code == 0)
        self.process = process
        output = ends[0]
    }

    deinit {
        if status == nil {
            kill(process, SIGKILL)
            wait()
        }
        close(output)
    }

    /// The next line; `nil` if the process has ended.
    func line() -> String? {
        while true {
            if let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                defer { text.removeFirst(end + 1) }
                return String(decoding: text[..<end], as: UTF8.self)
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(output, &buffer, buffer.count)
            guard count > 0 else { return nil }
            text += buffer.prefix(count)
        }
    }

    func stop() { kill(process, SIGTERM) }

    /// Waits for its end: its exit code, or the negative number of the signal that killed it.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
        self.status = status
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }
}
