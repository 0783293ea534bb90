/// The control groups that a process is in, as the kernel tells them in `/proc`.
package enum ControlGroups {
    /// A folder of a group that may bound processor time.
    package struct Folder: Equatable {
        package enum Version {
            /// One hierarchy a controller: here that of `cpu`.
            case one
            /// One hierarchy for all.
            case two
        }

        package let path: String
        package let version: Version

        package init(path: String, version: Version) {
            self.path = path
            self.version = version
        }
    }

    /// The folders of the process's groups and of all groups around them, as far as they are mounted.
    ///
    /// On a hybrid host there are groups of both versions, and either may bound.
    ///
    /// - Parameters:
    ///   - groups: the text of `/proc/self/cgroup`, lines such as `4:cpu,cpuacct:/a/b` and `0::/a/b`.
    ///   - mounts: the text of `/proc/self/mountinfo`.
    package static func folders(groups: String, mounts: String) -> [Folder] {
        let mounts = mounts.split(separator: "\n").compactMap(Mount.init)
        return groups.split(separator: "\n").flatMap { line -> [Folder] in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return [] }
            let version: Folder.Version
            if fields[0] == "0" && fields[1].isEmpty {
                version = .two
            } else if fields[1].split(separator: ",").contains("cpu") {
                version = .one
            } else {
                return []
            }
            return mounts.filter { $0.version == version }.flatMap { mount in
                mount.folders(ofGroup: fields[2]).map { Folder(path: $0, version: version) }
            }
        }
    }

    /// A line of `mountinfo`: `31 28 0:25 /root/in/the/hierarchy /mount/point rw,... - cgroup2 cgroup2 rw,...`.
    private struct Mount {
        let version: Folder.Version
        let root: [Substring]
        let point: String

        init?(_ line: Substring) {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 1 else { return nil }
            switch fields[dash + 1] {
            case "cgroup2":
                version = .two
            case "cgroup":
                guard fields.count > dash + 3, fields[dash + 3].split(separator: ",").contains("cpu") else {
                    return nil
                }
                version = .one
            default: return nil
            }
            root = Mount.parts(Mount.unescaped(fields[3]))
            point = Mount.unescaped(fields[4])
        }

        /// The folders of a group and of those around it, up to where the hierarchy is mounted.
        func folders(ofGroup path: Substring) -> [String] {
            // In a container the group may be told from the host's root, while its own part alone is mounted. One that
            // is outside of that part begins with `..`: what is mounted bounds it all the same, or is all there is to see.
            var rest = Mount.parts(String(path))[...]
            rest = rest.starts(with: root) ? rest.dropFirst(root.count) : []
            if rest.contains("..") { rest = [] }
            let base = point == "/" ? "" : point
            return (0...rest.count).reversed().map { count in base + rest.prefix(count).map { "/\($0)" }.joined() }
        }

        private static func parts(_ path: String) -> [Substring] { path.split(separator: "/") }

        /// Blanks and backslashes are written as three octal digits.
        private static func unescaped(_ field: Substring) -> String {
            var bytes: [UInt8] = []
            var rest = field.utf8[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\\"), let digits = String(rest.prefix(3)), let code = UInt8(digits, radix: 8) {
                    bytes.append(code)
                    rest = rest.dropFirst(3)
                } else {
                    bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
