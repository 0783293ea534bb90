import Glibc

/// How much processor time the system gives to the process's control group, and to those around it: what `docker run
/// --cpus` and Kubernetes' limits set.
///
/// More reactors than that would be put to sleep all at once, again and again.
package enum ProcessorQuota {
    /// In whole processors, rounded up; nil where there is no bound.
    static var current: Int? {
        // One line of version 2: `0::/a/b`. In a container the path is `/`, and the files are there.
        let line = text(ofFile: "/proc/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::/") }
        guard let line else { return nil }
        var path = line.dropFirst(3).split(separator: "/")
        var least: Int?
        while true {
            let folder = path.map { "/\($0)" }.joined()
            if let quota = text(ofFile: "/sys/fs/cgroup\(folder)/cpu.max").flatMap(processors(of:)) {
                least = min(least ?? quota, quota)
            }
            if path.popLast() == nil { return least }
        }
    }

    /// What a line of `cpu.max` means: microseconds of processor time in each period of so many, or `max`.
    package static func processors(of line: String) -> Int? {
        let numbers = line.split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard numbers.count == 2, let time = numbers[0], let period = numbers[1] else { return nil }
        guard time > 0, period > 0 else { return nil }
        return (time - 1) / period + 1
    }

    /// The beginning of a small file.
    private static func text(ofFile path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let size = bytes.count
        let count = unsafe read(file, &bytes, size)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
