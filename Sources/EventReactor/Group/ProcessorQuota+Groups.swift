extension ProcessorQuota {
    /// Calls a closure with the folders of the process's groups and of all groups around them that are mounted.
    ///
    /// Version 1 has a hierarchy for each controller, here that of `cpu`; version 2 has a unified one. On a hybrid host
    /// either may have a limit.
    ///
    /// - Parameters:
    ///   - groups: the text of `/proc/self/cgroup`, lines such as `4:cpu,cpuacct:/a/b` and `0::/a/b`.
    ///   - mounts: the text of `/proc/self/mountinfo`, lines such as
    ///     `31 28 0:25 /root/in/the/hierarchy /mount/point rw,... - cgroup2 cgroup2 rw,...`.
    static func forEachFolder(groups: String, mounts: String, _ body: (_ isUnified: Bool, _ folder: String) -> Void) {
        for line in split(mounts, at: "\n") {
            let mount = split(line, at: " ")
            guard let dash = mount.firstIndex(of: "-"), dash >= 6, mount.count > dash + 1 else { continue }
            let type = mount[dash + 1]
            let isUnified = type == "cgroup2"
            if !isUnified {
                guard type == "cgroup", mount.count > dash + 3, split(mount[dash + 3], at: ",").contains("cpu") else {
                    continue
                }
            }
            for group in split(groups, at: "\n") {
                guard let path = self.path(ofGroup: group, isUnified: isUnified) else { continue }
                forEachFolder(of: path, root: unescaped(mount[3]), mountedAt: unescaped(mount[4])) {
                    body(isUnified, $0)
                }
            }
        }
    }

    /// The path in a line of `/proc/self/cgroup`; `nil` if it is of the other version or controller.
    private static func path(ofGroup line: String, isUnified: Bool) -> String? {
        let fields = line.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, let number = String(fields[0]), let controllers = String(fields[1]) else { return nil }
        let hasAll = number == "0" && controllers.isEmpty
        guard hasAll == isUnified, hasAll || split(controllers, at: ",").contains("cpu") else { return nil }
        return String(fields[2])
    }

    /// The folders of a group and of those around it, up to the mount point of the hierarchy.
    private static func forEachFolder(
        of path: String, root: String, mountedAt point: String, _ body: (String) -> Void
    ) {
        // In a container the group may be given from the host's root, while only its own part is mounted. One outside of
        // that part begins with `..`: the mounted part limits it all the same, or is all that can be seen.
        var rest = split(path, at: "/")
        let root = split(root, at: "/")
        if rest.starts(with: root) { rest.removeFirst(root.count) } else { rest = [] }
        if rest.contains("..") { rest = [] }
        var folder = point == "/" ? "" : point
        body(folder)
        for part in rest {
            folder += "/" + part
            body(folder)
        }
    }

    /// Blanks and backslashes are written as three octal digits.
    private static func unescaped(_ field: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            let code = rest.prefix(3).reduce(0) { $0 << 3 | ($1 & ~7 == UInt8(ascii: "0") ? Int($1 & 7) : 1 << 16) }
            if byte == UInt8(ascii: "\\"), rest.count >= 3, code <= 255 {
                bytes.append(UInt8(code))
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
