import Glibc

/// The memory of this process, for exit tests, in which no other test runs.
enum Memory {
    /// The memory in use, without free blocks that the allocator keeps.
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
