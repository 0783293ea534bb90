import EventReactorCore
import Glibc
import Testing

/// Events on other threads, in order, for which a test waits.
///
/// `@unchecked Sendable`: the list is locked, and the pipe's ends are constant.
final class Events: @unchecked Sendable {
    private let list = Locked<[String]>([])
    private let ends: (reading: Int32, writing: Int32)

    init() {
        var ends: [Int32] = [0, 0]
        let code = unsafe pipe(&ends)
        precondition(code == 0, "no pipe could be had")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.ends = (ends[0], ends[1])
    }

    deinit {
        close(ends.reading)
        close(ends.writing)
    }

    func post(_ event: String) {
        list.withLock { $0.append(event) }
        var byte: UInt8 = 0
        _ = unsafe write(ends.writing, &byte, 1)
    }

    /// Waits for the next event; one that never comes ends the test.
    func next(sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        var question = pollfd(fd: ends.reading, events: Int16(POLLIN), revents: 0)
        let came = unsafe poll(&question, 1, 60_000)
        try #require(came == 1, "the awaited event did not come", sourceLocation: sourceLocation)
        var byte: UInt8 = 0
        _ = unsafe read(ends.reading, &byte, 1)
        return list.withLock { $0.removeFirst() }
    }

    /// Waits until an event has come, and returns what came before it.
    @discardableResult
    func wait(for wanted: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
        var before: [String] = []
        while true {
            let event = try next(sourceLocation: sourceLocation)
            if event == wanted { return before }
            before.append(event)
            if event.hasPrefix("error") || event == "ended" {
                Issue.record("\(wanted) did not come, but \(before)", sourceLocation: sourceLocation)
                return before
            }
        }
    }
}
