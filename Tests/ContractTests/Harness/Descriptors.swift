import Dispatch
import EventReactor
import EventReactorPosix
import Glibc
import TestSupport
import Testing

/// The descriptors of this process, for exit tests, in which no other test runs.
enum Descriptors {
    static var open: [Int32] { (0..<4096).filter { fcntl($0, F_GETFD) >= 0 } }

    /// The number of descriptors of each kind.
    static var kinds: [String: Int] {
        let targets = open.map { linkTarget("/proc/self/fd/\($0)") }
        let kinds = targets.map { $0.hasPrefix("socket:") ? "socket" : $0 }
        return Dictionary(grouping: kinds) { $0 }.mapValues(\.count)
    }

    /// The number of ends of pipes.
    static var pipes: Int { kinds.filter { $0.key.hasPrefix("pipe:") }.values.reduce(0, +) }

    /// The kinds that have grown by the number of reactors or more; the test runner opens one or two of its own.
    static func grown(since before: [String: Int], by number: Int) -> [String] {
        kinds.filter { $0.value - before[$0.key, default: 0] >= number }.keys.sorted()
    }

    /// Sockets alone: the test runner's threads open and close other descriptors.
    static var sockets: [Int32] {
        open.filter { descriptor in
            var status = stat()
            return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
        }
    }

    private static let limit = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)

    /// Leaves the process with no free descriptor, or with a few, until `release` is called.
    final class Shortage {
        private var ballast: [Int32] = []
        private var before = rlimit()

        init(sparing spare: Int = 0) {
            Shortage.awaitRunnersTimers()
            unsafe getrlimit(Descriptors.limit, &before)
            var lowered = before
            lowered.rlim_cur = rlim_t(Int(Descriptors.open.max() ?? 2) + 1 + spare + 8)
            unsafe setrlimit(Descriptors.limit, &lowered)
            // Below the limit there may be gaps.
            fill()
            for descriptor in ballast.suffix(spare) { _ = close(descriptor) }
            ballast.removeLast(min(spare, ballast.count))
        }

        /// Makes the test runner's timers open their descriptors now, since they would open them at any moment.
        private static func awaitRunnersTimers() {
            let fired = DispatchSemaphore(value: 0)
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(1)) { fired.signal() }
            DispatchQueue.global().asyncAfter(wallDeadline: .now() + .milliseconds(1)) { fired.signal() }
            fired.wait()
            fired.wait()
        }

        /// Occupies descriptors that have become free: other threads of the test runner close some too.
        func fill() {
            while true {
                let descriptor = unsafe Glibc.open("/dev/null", O_RDONLY)
                guard descriptor >= 0 else { break }
                ballast.append(descriptor)
            }
            #expect(errno == EMFILE)
        }

        /// Ends the shortage.
        func release() {
            for descriptor in ballast { _ = close(descriptor) }
            ballast = []
            unsafe setrlimit(Descriptors.limit, &before)
        }
    }
}
