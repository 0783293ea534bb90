import Glibc

/// A child process made by `fork()` alone, which goes on with this program's memory and descriptors.
///
/// Swift does not import `fork`, since a child of a process with threads may do little; the tests check how much.
struct ChildOfFork {
    let process: pid_t

    /// Forks; the child runs the body and exits with its result as the status.
    init(_ body: () -> Int32) {
        typealias Fork = @convention(c) () -> pid_t
        let fork = unsafe unsafeBitCast(dlsym(nil, "fork"), to: Fork.self)
        process = fork()
        guard process == 0 else { return }
        // The thread that forked may be one of a pool, which blocks signals; the child has no other.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        _exit(body())
    }

    /// Waits for its end.
    ///
    /// - Returns: its status as the system reports it: an exit status times 256, or the number of a signal.
    func wait() -> Int32 {
        var status: Int32 = -1
        while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}
