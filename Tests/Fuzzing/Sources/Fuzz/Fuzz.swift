// Calls one target, named by FUZZ_TARGET, with what libFuzzer makes up.

import Glibc

/// Something that must hold of any bytes; it traps if it does not.
typealias FuzzTarget = @Sendable (UnsafeRawBufferPointer) -> Void

let targets: [String: FuzzTarget] = FramingTargets.all.merging(ParserTargets.all) { first, _ in first }

private let chosen: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = targets[name] else {
        print("FUZZ_TARGET is none of \(targets.keys.sorted().joined(separator: ", "))")
        fflush(nil)
        exit(2)
    }
    return target
}()

/// The function that libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    chosen(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
