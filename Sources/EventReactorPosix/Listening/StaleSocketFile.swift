import CEventReactorShims
import EventReactorCore
import Glibc

/// The replacement of a socket file that a program left behind as it ended.
///
/// Checking whether a file is stale, removing it and binding are three steps. If two programs did them at once, the slower
/// would remove the file of the faster one, and both would listen. So they are done under a lock: that of a file beside
/// the socket's, which exists meanwhile. A program that binds without the lock found no file at the path, so there was
/// nothing stale to replace.
enum StaleSocketFile {
    /// A program that replaces the file needs microseconds; waiting for one that was stopped in between has an end.
    private static let attempts = 200
    private static let pause: UInt32 = 10_000

    /// Replaces the file at a path if it is stale.
    ///
    /// - Parameter bind: binds a socket there, and says whether it could.
    /// - Returns: whether it was stale and `bind` succeeded.
    static func replace(at path: String, of address: SocketAddress, bind: () -> Bool) -> Bool {
        guard staleFile(at: path, address) != nil else { return false }
        let name = path + ".replacing"
        guard let lock = acquireLock(name) else { return false }
        defer {
            // Before the lock is released: the next program makes one of its own.
            unsafe unlinkat(AT_FDCWD, name, 0)
            _ = close(lock)
        }
        // Another program may have replaced it meanwhile.
        guard let stale = staleFile(at: path, address) else { return bind() }
        stale.remove()
        return bind()
    }

    /// The file of a socket that no socket is bound to any more.
    ///
    /// A datagram socket probes: the kernel refuses it if nothing is bound, and reports the wrong type if a stream socket
    /// is, even one that does not listen yet or whose backlog is full. So a live server never notices.
    private static func staleFile(at path: String, _ address: SocketAddress) -> SocketFile? {
        guard let file = SocketFile(at: path) else { return nil }
        let probe = er_socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue))
        guard probe >= 0 else { return nil }
        defer { _ = close(probe) }
        let isRefused =
            unsafe address.withKernelForm { unsafe Glibc.connect(probe, $0, $1) } != 0 && errno == ECONNREFUSED
        return isRefused ? file : nil
    }

    /// The descriptor of a lock file that is locked and still there; closing it releases the lock.
    private static func acquireLock(_ name: String) -> Int32? {
        for attempt in 0..<attempts {
            if attempt > 0 { usleep(pause) }
            let descriptor = unsafe er_open_lock(name)
            guard descriptor >= 0 else { return nil }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 && isFile(descriptor, at: name) { return descriptor }
            _ = close(descriptor)
        }
        return nil
    }

    /// Whether the last owner of the lock has not removed the file since it was opened.
    private static func isFile(_ descriptor: Int32, at name: String) -> Bool {
        var opened = stat()
        var named = stat()
        guard unsafe fstat(descriptor, &opened) == 0, unsafe lstat(name, &named) == 0 else { return false }
        return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
    }
}
