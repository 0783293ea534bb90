import Glibc

/// The disposition of a signal in this process, as `sigaction` reports it.
struct Disposition: Equatable {
    private let handlerAndMask: [UInt8]
    private let flags: Int32

    init(_ number: Int32) {
        var action = sigaction()
        unsafe sigaction(number, nil, &action)
        handlerAndMask = unsafe withUnsafeBytes(of: &action) { bytes in
            // The union of handlers comes first, on every Linux; of the mask the kernel knows 64 signals.
            unsafe [UInt8](bytes.prefix(MemoryLayout<Int>.size + MemoryLayout<UInt64>.size))
        }
        // SA_RESTORER is the C library's own: it sets it with whatever is set through it.
        flags = action.sa_flags & ~0x0400_0000
    }
}
