// Calls one target, named by FUZZ_TARGET, with what libFuzzer makes up.

import Glibc

/// Something that must hold of any bytes; it traps if it does not.
typealias FuzzTarget = @Sendable (UnsafeRawBufferPointer) -> Void

let targets: [String: FuzzTarget] = [FramingTargets.all, ParserTargets.all, TLSTargets.all, IdentityTargets.all]
    .reduce(into: [:]) { $0.merge($1) { $1 } }

/// Inputs to begin with, of the targets whose inputs libFuzzer would not come upon.
private let recordings = TLSTargets.recordings.merging(IdentityTargets.recordings) { $1 }

private let chosen: FuzzTarget = {
    // By _exit: libFuzzer takes an exit for a crash, and leaves a file.
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = targets[name] else {
        print("FUZZ_TARGET is none of \(targets.keys.sorted().joined(separator: ", "))")
        fflush(nil)
        _exit(2)
    }
    if getenv("FUZZ_RECORD") != nil {
        for input in recordings[name]?() ?? [] {
            print(input.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
        fflush(nil)
        _exit(0)
    }
    return target
}()

/// The function that libFuzzer calls.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
    chosen(UnsafeRawBufferPointer(start: start, count: count))
    return 0
}
