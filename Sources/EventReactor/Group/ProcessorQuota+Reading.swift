import EventReactorCore
import EventReactorPosix

extension ProcessorQuota {
    /// In whole processors, rounded up; `nil` if there is no limit.
    static var current: Int? { read(text(ofFile:)) }

    /// The same from files as `file` returns them: the least of all groups that the process is in, of both versions.
    static func read(_ file: (_ path: String) -> String?) -> Int? {
        guard let groups = file("/proc/self/cgroup"), let mounts = file("/proc/self/mountinfo") else { return nil }
        var least: Int?
        for isUnified in [true, false] {
            for folder in folders(isUnified: isUnified, groups: groups, mounts: mounts) {
                var line = file(folder + (isUnified ? "/cpu.max" : "/cpu.cfs_quota_us")) ?? ""
                // The same two numbers; a quota of -1 is none.
                if !isUnified { line += " " + (file(folder + "/cpu.cfs_period_us") ?? "") }
                if let quota = processors(of: line) { least = min(least ?? quota, quota) }
            }
        }
        return least
    }

    /// The quota in a line of `cpu.max`: microseconds of processor time in each period of so many, or `max`.
    static func processors(of line: String) -> Int? {
        let numbers = split(line, at: " \n\t").map { ByteText.number(ByteText.bytes($0)) }
        guard numbers.count == 2, let time = numbers[0], let period = numbers[1] else { return nil }
        guard time > 0, period > 0 else { return nil }
        return (time - 1) / period + 1
    }

    /// The parts between separators, without empty ones.
    @inline(never)
    static func split(_ text: String, at separators: String) -> [String] {
        ByteText.split(ByteText.bytes(text), at: separators).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func text(ofFile path: String) -> String? {
        guard let bytes = SystemFile.contents(of: path), !bytes.isEmpty else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
