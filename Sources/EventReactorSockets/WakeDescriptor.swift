import CEventReactorShims
package import EventReactorBasics
import EventReactorScheduling
import Glibc

/// An eventfd that wakes whoever watches it, from any thread: also from one whose descriptor table does not have it.
package final class WakeDescriptor: Sendable {
    package let number: Int32
    /// The number of the descriptor table that it was made in: 0 is the process's.
    private let home: Int32
    /// The number of the tables that have it besides; 0 where there are none.
    private let copies: Int32

    /// - Parameter table: the number of the descriptor tables that are to be copied from this thread's.
    package init(copiedTo table: Int32 = 0) throws(SystemError) {
        number = er_eventfd()
        home = er_thread_table()
        copies = table
        guard number >= 0 else { throw SystemError(code: errno, operation: "eventfd", address: nil) }
    }

    deinit {
        guard number >= 0 else { return }
        if er_thread_table() == home {
            _ = close(number)
        } else if home == 0 {
            ThreadPool.waking.submit { [number] in _ = close(number) }
        }
    }

    /// Makes it readable.
    package func wake() {
        let here = er_thread_table()
        if here == home || (here == copies && here != 0) {
            er_eventfd_wake(number)
        } else if home == 0 {
            // The number is another file's here, a connection's perhaps. The pool's thread has the process's table.
            ThreadPool.waking.submit { [self] in er_eventfd_wake(number) }
        }
    }

    /// Sleeps until it has been woken since the last time.
    package func wait() {
        var count: UInt64 = 0
        while true {
            var question = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&question, 1, -1)
            if unsafe read(number, &count, MemoryLayout<UInt64>.size) > 0 { return }
        }
    }
}
