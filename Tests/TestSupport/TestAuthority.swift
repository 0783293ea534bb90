import Glibc

/// Certificates for tests, made once a process by Tests/TLSAuthority/make.py.
package enum TestAuthority {
    /// The folder with the files that make.py's manifest lists.
    package static let folder: String = {
        let own = #filePath
        let tests = own.split(separator: "/").dropLast(2).map { "/\($0)" }.joined()
        let folder = "/tmp/swift-event-reactor-authority-\(getuid())"
        // Processes that run at once share it: the script sees to that.
        run(["python3", "\(tests)/TLSAuthority/make.py", folder])
        return folder
    }()

    /// The path of a file of the authority.
    package static func path(_ name: String) -> String { folder + "/" + name }

    private static func run(_ command: [String]) {
        var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let code = unsafe withUnblockedSignals { attributes in
            unsafe posix_spawnp(&process, command[0], nil, attributes, words, environ)
        }
        guard code == 0 else {
            fatalError("\(command[0]) cannot be run")
        }
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
        guard status == 0 else { fatalError("\(command.joined(separator: " ")) failed with status \(status)") }
    }
}
