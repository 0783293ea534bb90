import EventReactorCore

extension ProcessorQuota {
    /// The folders of the process's groups and of all groups around them that are mounted, of one version.
    ///
    /// Version 1 has a hierarchy for each controller, here that of `cpu`; version 2 has a unified one. On a hybrid host
    /// either may have a limit.
    ///
    /// - Parameters:
    ///   - isUnified: whether those of version 2 are returned.
    ///   - groups: the text of `/proc/self/cgroup`, lines such as `4:cpu,cpuacct:/a/b` and `0::/a/b`.
    ///   - mounts: the text of `/proc/self/mountinfo`, lines such as
    ///     `31 28 0:25 /root/in/the/hierarchy /mount/point rw,... - cgroup2 cgroup2 rw,...`.
    static func folders(isUnified: Bool, groups: String, mounts: String) -> [String] {
        var folders: [String] = []
        for line in split(mounts, at: "\n") {
            let mount = split(line, at: " ")
            guard let dash = mount.firstIndex(of: "-"), dash >= 6, mount.count > dash + 1 else { continue }
            guard mount[dash + 1] == (isUnified ? "cgroup2" : "cgroup") else { continue }
            if !isUnified {
                guard mount.count > dash + 3, split(mount[dash + 3], at: ",").contains("cpu") else { continue }
            }
            for group in split(groups, at: "\n") {
                guard let path = self.path(ofGroup: group, isUnified: isUnified) else { continue }
                folders += self.folders(of: path, root: unescaped(mount[3]), mountedAt: unescaped(mount[4]))
            }
        }
        return folders
    }

    /// The path in a line of `/proc/self/cgroup`; `nil` if it is of the other version or controller.
    private static func path(ofGroup line: String, isUnified: Bool) -> String? {
        let fields = ByteText.split(ByteText.bytes(line), keepsEmpty: true, at: ":").map {
            String(decoding: $0, as: UTF8.self)
        }
        guard fields.count >= 3 else { return nil }
        let hasAll = fields[0] == "0" && fields[1].isEmpty
        guard hasAll == isUnified, hasAll || split(fields[1], at: ",").contains("cpu") else { return nil }
        // The path itself may have colons.
        return Array(fields[2...]).joined(separator: ":")
    }

    /// The folders of a group and of those around it, up to the mount point of the hierarchy.
    private static func folders(of path: String, root: String, mountedAt point: String) -> [String] {
        // In a container the group may be given from the host's root, while only its own part is mounted. One outside of
        // that part begins with `..`: the mounted part limits it all the same, or is all that can be seen.
        var rest = split(path, at: "/")
        let root = split(root, at: "/")
        if rest.starts(with: root) { rest.removeFirst(root.count) } else { rest = [] }
        if rest.contains("..") { rest = [] }
        var folder = point == "/" ? "" : point
        var folders = [folder]
        for part in rest {
            folder += "/" + part
            folders.append(folder)
        }
        return folders
    }

    /// Blanks and backslashes are written as three octal digits.
    @inline(never)
    private static func unescaped(_ field: String) -> String {
        let field = ByteText.bytes(field)
        var bytes: [UInt8] = []
        var index = 0
        while index < field.count {
            var byte = field[index]
            if byte == UInt8(ascii: "\\"), index + 3 < field.count {
                var code = 0
                for digit in field[index + 1...index + 3] {
                    code = code << 3 | (digit & ~7 == UInt8(ascii: "0") ? Int(digit & 7) : 1 << 16)
                }
                if code <= 255 {
                    byte = UInt8(code)
                    index += 3
                }
            }
            bytes.append(byte)
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
