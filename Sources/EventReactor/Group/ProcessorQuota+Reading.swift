import Glibc

extension ProcessorQuota {
    /// In whole processors, rounded up; `nil` if there is no limit.
    static var current: Int? { read(text(ofFile:)) }

    /// The same from files as `file` returns them: the least of all groups that the process is in, of both versions.
    package static func read(_ file: (_ path: String) -> String?) -> Int? {
        guard let groups = file("/proc/self/cgroup"), let mounts = file("/proc/self/mountinfo") else { return nil }
        var least: Int?
        forEachFolder(groups: groups, mounts: mounts) { isUnified, folder in
            var line = file(folder + (isUnified ? "/cpu.max" : "/cpu.cfs_quota_us")) ?? ""
            // The same two numbers; a quota of -1 is none.
            if !isUnified { line += " " + (file(folder + "/cpu.cfs_period_us") ?? "") }
            if let quota = processors(of: line) { least = min(least ?? quota, quota) }
        }
        return least
    }

    /// The quota in a line of `cpu.max`: microseconds of processor time in each period of so many, or `max`.
    package static func processors(of line: String) -> Int? {
        let numbers = split(line, at: " \n\t").map { Int($0) }
        guard numbers.count == 2, let time = numbers[0], let period = numbers[1] else { return nil }
        guard time > 0, period > 0 else { return nil }
        return (time - 1) / period + 1
    }

    /// The parts between separators, without empty ones.
    static func split(_ text: String, at separators: String) -> [String] {
        text.utf8.split { separators.utf8.contains($0) }.map { String($0) ?? "" }
    }

    /// A file of the kernel, whole: the list of mounts is long on a machine with many containers.
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
