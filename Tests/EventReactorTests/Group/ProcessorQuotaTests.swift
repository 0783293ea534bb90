import Testing

@testable import EventReactor

@Suite("The processors that a control group allows")
struct ProcessorQuotaTests {
    @Test(arguments: [
        ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 2), ("1 100000", 1), ("100000 100000", 1),
        ("0 100000", nil), ("-1 100000", nil), ("100000 0", nil), ("", nil), ("5", nil), ("x y", nil),
        ("9223372036854775807 1", Int.max),
    ]) func aQuotaIsWorthWholeProcessors(_ line: String, _ processors: Int?) {
        #expect(ProcessorQuota.processors(of: line) == processors)
    }

    @Test(
        arguments: [
            // Version 2, in nested groups: an ancestor has the least quota.
            (
                "0::/a/b/c\n", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
                [
                    "/sys/fs/cgroup/a/b/c/cpu.max": "max 100000\n", "/sys/fs/cgroup/a/b/cpu.max": "800000 100000\n",
                    "/sys/fs/cgroup/a/cpu.max": "250000 100000\n",
                ], 3
            ),
            // Version 1, with several controllers in one hierarchy.
            (
                "4:cpu,cpuacct:/slice/unit\n3:cpuset:/\n",
                "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
                    + "35 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n",
                [
                    "/sys/fs/cgroup/cpu,cpuacct/slice/unit/cpu.cfs_quota_us": "-1\n",
                    "/sys/fs/cgroup/cpu,cpuacct/slice/unit/cpu.cfs_period_us": "100000\n",
                    "/sys/fs/cgroup/cpu,cpuacct/slice/cpu.cfs_quota_us": "50000\n",
                    "/sys/fs/cgroup/cpu,cpuacct/slice/cpu.cfs_period_us": "100000\n",
                ], 1
            ),
            // A hybrid host: both, and the mount of version 2 elsewhere.
            (
                "2:cpu:/u\n1:name=systemd:/u\n0::/w\n",
                "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n32 31 0:29 / /cg/my\\040cpu rw - cgroup none rw,cpu\n",
                [
                    "/sys/fs/cgroup/unified/w/cpu.max": "600000 100000\n", "/cg/my cpu/u/cpu.cfs_quota_us": "400000\n",
                    "/cg/my cpu/u/cpu.cfs_period_us": "100000\n",
                ], 4
            ),
            // In a container that sees the host's path, while its own part is mounted at the top.
            (
                "4:cpu:/docker/abc/inner\n", "1 0 0:1 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n",
                [
                    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
                    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
                    "/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us": "150000\n",
                    "/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us": "50000\n",
                    "/sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us": "1\n",
                    "/sys/fs/cgroup/cpu/docker/cpu.cfs_period_us": "1\n",
                ], 2
            ),
            // Outside the mounted hierarchy.
            (
                "0::/../other\n", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                ["/sys/fs/cgroup/cpu.max": "100000 100000\n", "/sys/fs/cgroup/other/cpu.max": "1 1\n"], 1
            ),
            ("0::/\n", "1 0 0:1 / / rw - cgroup2 none rw\n", ["/cpu.max": "300000 100000"], 3),
            ("0::/\n", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 none rw\n", [:], nil),
            ("", "", [:], nil), ("x\n0:\n::\n", "- - -\ncgroup2\n1 2 3 / /x rw -\n", [:], nil),
        ] as [(String, String, [String: String], Int?)])
    func theLeastQuotaOfAllGroupsCounts(_ groups: String, _ mounts: String, _ files: [String: String], _ least: Int?) {
        let found = ProcessorQuota.read { path in
            switch path {
            case "/proc/self/cgroup": groups
            case "/proc/self/mountinfo": mounts
            default: files[path]
            }
        }
        #expect(found == least)
    }
}
