import CEventReactorShims
import Glibc
import TestSupport

/// The descriptor table of the calling thread, which it may share with others or have of its own.
enum DescriptorTable {
    /// The number of descriptors that are open in it.
    static func openCount() -> Int {
        (0..<1024).count { fcntl($0, F_GETFD) >= 0 }
    }

    /// Runs a closure on a new thread of the caller's, which so has the caller's table, and waits for its end.
    static func runOnNewThread(_ body: @escaping @Sendable () -> Void) {
        WorkerThread(body).join()
    }

    /// Fills the table with event descriptors that no reactor uses, so that an fd of another table is one of them.
    static func fill() -> [Int32] { (0..<200).map { _ in er_eventfd() } }

    /// The number of event descriptors that have been written to.
    static func touchedCount(_ fds: [Int32]) -> Int {
        var count: UInt64 = 0
        return fds.count { unsafe read($0, &count, MemoryLayout<UInt64>.size) > 0 }
    }
}
