import CEventReactorShims
package import EventReactorCore
import Glibc

/// An eventfd that wakes the thread that waits for it, from any thread, even one whose descriptor table does not have it.
///
/// It is written to by its descriptor in the caller's table, or by a thread with the process's table, and never by a
/// descriptor that may refer to another file.
package final class WakeDescriptor: Sendable {
    /// Valid in the table of the thread that created it, and in those that were copied from that.
    package let descriptor: Int32
    /// The table in which it was created: 0 is the process's.
    private let home: Int32
    /// The group of tables that were copied from it; 0 if there are none.
    private let copies: Int32
    /// The same eventfd in the process's table.
    private let inProcess: ProcessWake

    /// Its descriptor in the process's table, for signal handlers: they run on threads with that table.
    var processDescriptor: Int32 { inProcess.descriptor }

    /// - Parameter table: the group of the descriptor tables that are to be copied from this thread's.
    package init(copiedTo table: Int32 = 0) throws(SystemError) {
        let made = er_eventfd()
        guard made >= 0 else { throw SystemError(code: errno, operation: "eventfd", address: nil) }
        home = er_thread_own_table()
        copies = table
        descriptor = made
        guard home != 0 else {
            inProcess = ProcessWake(owning: made)
            return
        }
        do throws(SystemError) { inProcess = try ProcessWake(duplicating: made) } catch {
            _ = close(made)
            throw error
        }
    }

    deinit {
        // On a thread with another table it stays open in that one, until its last thread has ended.
        if home > 0 && er_thread_own_table() == home { _ = close(descriptor) }
    }

    /// Makes it readable.
    package func wake() {
        if home >= 0 && er_thread_own_table() == home || copies != 0 && er_thread_table() == copies {
            er_eventfd_wake(descriptor)
        } else {
            inProcess.wake()
        }
    }

    /// Blocks the thread until it has been woken since the last call.
    package func wait() {
        var count: UInt64 = 0
        while true {
            var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&question, 1, -1)
            if unsafe read(descriptor, &count, MemoryLayout<UInt64>.size) > 0 { return }
        }
    }
}
