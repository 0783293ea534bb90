import CEventReactorShims
import EventReactorCore
import Glibc
import Synchronization

/// An eventfd in the process's descriptor table, which any thread may write to and release.
///
/// On a thread with another table the number is another file's, a connection's perhaps: there a thread of the pool, which
/// has the process's table, does it.
final class ProcessWake: Sendable {
    let number: Int32

    /// Takes an eventfd that was made in the process's table.
    init(taking number: Int32) {
        self.number = number
    }

    private static let lastRequest = Atomic<UInt64>(0)

    /// Brings one of this thread's table into the process's.
    init(copying descriptor: Int32) throws(SystemError) {
        let request = ProcessWake.lastRequest.wrappingAdd(1, ordering: .relaxed).newValue
        let code = er_table_send(descriptor, request)
        guard code == 0 else { throw SystemError(code: code, operation: "send an eventfd to the process's table") }
        let answer = Outcome<(number: Int32, code: Int32)>()
        ThreadPool.waking.submit {
            // Where no thread could be had the pool does its work on this one.
            guard er_thread_table() == 0 else { return answer.complete((-1, EAGAIN)) }
            let number = er_table_receive(request)
            answer.complete((number, errno))
        }
        let (number, failure) = answer.wait()
        guard number >= 0 else {
            throw SystemError(code: failure, operation: "receive an eventfd in the process's table")
        }
        self.number = number
    }

    deinit {
        ProcessWake.inProcessTable { [number] in _ = close(number) }
    }

    func wake() {
        // It keeps the number open until it has been written to.
        ProcessWake.inProcessTable { [self] in er_eventfd_wake(number) }
    }

    private static func inProcessTable(_ body: @escaping @Sendable () -> Void) {
        if er_thread_table() == 0 { return body() }
        ThreadPool.waking.submit {
            if er_thread_table() == 0 { body() }
        }
    }
}
