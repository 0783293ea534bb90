import Glibc
import TestSupport

/// A thread of this process, as the kernel lists it, so that other threads can see whether it sleeps.
struct ThreadInKernel: Sendable {
    private let path: String

    /// The thread that calls this.
    static var current: ThreadInKernel {
        ThreadInKernel(path: "/proc/\(linkTarget("/proc/thread-self"))/stat")
    }

    /// Waits until it was asleep in a hundred looks in a row, or gives up: a loop that spins never sleeps.
    ///
    /// - Returns: whether it was asleep.
    func waitUntilAsleep() -> Bool {
        var seen = 0
        for _ in 0..<100_000 where seen < 100 {
            seen = isAsleep ? seen + 1 : 0
            sched_yield()
        }
        return seen == 100
    }

    private var isAsleep: Bool {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 512)
        let size = text.count
        let count = unsafe read(file, &text, size)
        // `12 (name) S …`: the name may have any character, and ends at the last bracket.
        let end = text.prefix(max(0, count)).lastIndex(of: UInt8(ascii: ")"))
        guard let end, end + 2 < count else { return false }
        return text[end + 2] == UInt8(ascii: "S")
    }
}
