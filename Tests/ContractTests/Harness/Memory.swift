import Glibc

/// The memory of this process, to be measured where no other test runs: in an exit test.
enum Memory {
    /// The memory that the process has, without what its allocator keeps for later.
    static func residentBytes() -> Int {
        if let trim = unsafe dlsym(nil, "malloc_trim") {
            _ = unsafe unsafeBitCast(trim, to: (@convention(c) (Int) -> Int32).self)(0)
        }
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 200)
        guard unsafe fgets(&line, 200, file) != nil else { return 0 }
        let fields = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
        return (Int(fields[1]) ?? 0) * Int(getpagesize())
    }
}
