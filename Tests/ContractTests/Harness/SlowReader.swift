import EventReactor
import Glibc
import Synchronization

/// A file's reader that has nothing in memory: each piece, or every other one, is left to a thread, which may be held up.
///
/// `@unchecked Sendable`: the reactor's thread has the variables, and only `readCount` is shared.
final class SlowReader: FileReader, @unchecked Sendable {
    /// Called on the reactor's thread with the number of each piece that is left to a thread, from 1.
    var onLeft: (Int) -> Void = { _ in }
    private(set) var leftCount = 0
    private let everyOther: Bool
    private var asked = 0
    private let readCount = Atomic<Int>(0)
    /// The pipe whose end the threads wait for; set before the first of them reads.
    private var gate: Int32?
    /// Its other end, which is the reactor's thread's.
    private var opener: Int32?

    init(everyOther: Bool = false) {
        self.everyOther = everyOther
    }

    deinit {
        release()
        if let gate { _ = close(gate) }
    }

    /// The reads that threads have completed.
    var completedCount: Int { readCount.load(ordering: .acquiring) }

    /// From now on no read by a thread ends before `release`; called before the first one.
    func hold() {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { fatalError("no pipe: \(errno)") }
        (gate, opener) = (ends[0], ends[1])
    }

    func release() {
        guard let opener else { return }
        _ = close(opener)
        self.opener = nil
    }

    func readNow(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int? {
        asked += 1
        if everyOther && asked.isMultiple(of: 2) {
            return unsafe DirectFileReader().read(file, into: buffer, at: offset)
        }
        leftCount += 1
        onLeft(leftCount)
        return nil
    }

    func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        if let gate {
            var byte: UInt8 = 0
            while unsafe Glibc.read(gate, &byte, 1) < 0 && errno == EINTR {}
        }
        defer { readCount.wrappingAdd(1, ordering: .releasing) }
        return unsafe DirectFileReader().read(file, into: buffer, at: offset)
    }
}

extension Setting {
    /// Makes a connection copy the files that it sends, which most cells do anyhow.
    func copyFiles(by transport: any EventReactor.Transport) {
        let sendsByKernel = isOnKernel && movement == .direct && !self.transport.isSecured
        if sendsByKernel { transport.setRateLimit(RateLimit(writeRate: 1 << 34, burst: 1 << 30)) }
    }
}
