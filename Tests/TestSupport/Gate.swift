import EventReactorCore
import Glibc

/// Blocks threads until it is opened, which is once.
///
/// `@unchecked Sendable`: the ends of the pipe are constant, and the writing end is closed under a lock.
package final class Gate: @unchecked Sendable {
    private let readingEnd: Int32
    private let writingEnd: Locked<Int32?>

    package init() {
        var ends: [Int32] = [0, 0]
        let code = unsafe pipe(&ends)
        precondition(code == 0, "no pipe could be had")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        readingEnd = ends[0]
        writingEnd = Locked(ends[1])
    }

    deinit {
        open()
        close(readingEnd)
    }

    /// Blocks the calling thread until the gate is open, whatever signals it gets meanwhile.
    package func wait() {
        var byte: UInt8 = 0
        while unsafe read(readingEnd, &byte, 1) < 0 && errno == EINTR {}
    }

    /// Releases all threads that wait, and those that come later.
    package func open() {
        let end = writingEnd.withLock { end in
            defer { end = nil }
            return end
        }
        if let end { close(end) }
    }
}
