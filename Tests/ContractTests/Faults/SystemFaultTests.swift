import EventReactor
import Glibc
import TestSupport
import Testing

/// The program `FaultyServer` serves 2,000 connections on one reactor while one system call in a hundred fails, with an
/// errno that the call documents, and others move fewer bytes than they could.
///
/// It is a process of its own, since its calls are not the system's. It prints each breach of the contract: wrong
/// bytes, an orderly end with bytes missing before it, a loss reported twice or never, a connection, a descriptor or a
/// protocol left over, turns without end.
@Suite("Failing system calls")
struct SystemFaultTests {
    /// Addresses of the two IP families behave alike in these calls.
    static let settings = Setting.all.filter(\.admitsRawPeers).filter { $0.transport != .tcp6 }

    @Test(arguments: settings)
    func systemCallsThatFailLoseNoByteSilently(_ setting: Setting) throws {
        let engine = setting.movement == .bufferevent ? "bufferevent" : setting.engine.rawValue
        let transport = setting.transport == .unix ? "unix" : "tcp"
        // `FAULTS_SEED=17` tries another.
        let seed = unsafe getenv("FAULTS_SEED").map { unsafe String(cString: $0) } ?? "1"
        let own = linkTarget("/proc/self/exe")
        let folder = own[..<(own.lastIndex(of: "/") ?? own.startIndex)]
        let (text, status) = try Self.run("exec \(folder)/FaultyServer \(engine) \(transport) \(seed) 2000 2>&1")
        #expect(status == 0, "\(text)")
        // Each call that the engine makes has to have failed at least once, or this tests nothing.
        let calls = Self.calls(of: setting).filter { !text.contains(" \($0) ") || text.contains(" \($0) 0/") }
        #expect(calls.isEmpty, "never failed: \(calls)\n\(text)")
    }

    private static func calls(of setting: Setting) -> [String] {
        let all = ["accept4", "socket", "connect", "epoll_ctl ADD", "epoll_ctl MOD", "epoll_wait", "recv", "close"]
        switch (setting.engine, setting.movement) {
        case (_, .bufferevent): return all + ["readv", "writev", "preadv2"]
        default: return all + ["send", "sendmsg", "splice", "sendfile"]
        }
    }

    /// The output of a command, and its status as `waitpid` reports it.
    private static func run(_ command: String) throws -> (String, Int32) {
        guard let output = unsafe popen(command, "re") else { throw SystemError(code: errno, operation: "popen") }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe fread(&piece, 1, 4096, output)
            if count == 0 { break }
            text += piece.prefix(count)
        }
        return (String(decoding: text, as: UTF8.self), unsafe pclose(output))
    }
}
