import Glibc

/// How much processor time the system gives to the process's control group, and to those around it: what `docker run
/// --cpus` and Kubernetes' limits set.
///
/// More reactors than that would be put to sleep all at once, again and again.
package enum ProcessorQuota {
    /// In whole processors, rounded up; nil if there is no bound.
    static var current: Int? { read(text(ofFile:)) }

    /// The same from files as `file` has them: the least of all groups that the process is in, of both versions.
    package static func read(_ file: (_ path: String) -> String?) -> Int? {
        guard let groups = file("/proc/self/cgroup"), let mounts = file("/proc/self/mountinfo") else { return nil }
        let folders = ControlGroups.folders(groups: groups, mounts: mounts)
        let quotas = folders.compactMap { folder -> Int? in
            switch folder.version {
            case .two: file(folder.path + "/cpu.max").flatMap(processors(of:))
            case .one:
                // The same two numbers; a quota of -1 is none.
                file(folder.path + "/cpu.cfs_quota_us").flatMap { quota in
                    file(folder.path + "/cpu.cfs_period_us").flatMap { processors(of: "\(quota) \($0)") }
                }
            }
        }
        return quotas.min()
    }

    /// What a line of `cpu.max` means: microseconds of processor time in each period of so many, or `max`.
    package static func processors(of line: String) -> Int? {
        let numbers = line.split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard numbers.count == 2, let time = numbers[0], let period = numbers[1] else { return nil }
        guard time > 0, period > 0 else { return nil }
        return (time - 1) / period + 1
    }

    /// A file of the kernel, whole: the list of mounts is long where containers are many.
    private static func text(ofFile path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        while true {
            let count = unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { room in
                let count = unsafe Glibc.read(file, room.baseAddress, room.count)
                if count > 0 { unsafe bytes.append(contentsOf: room.prefix(count)) }
                return count
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
