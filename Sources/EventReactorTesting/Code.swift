#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The system's error codes that the simulated network reports; no system call is made.
enum Code {
    static let reset = ECONNRESET
    static let timedOut = ETIMEDOUT
    static let refused = ECONNREFUSED
    static let unreachable = EHOSTUNREACH
    static let inUse = EADDRINUSE
    static let notAvailable = EADDRNOTAVAIL
    static let brokenPipe = EPIPE
    static let noDescriptor = EMFILE
    static let noFile = ENFILE
    static let noBuffer = ENOBUFS
    static let noMemory = ENOMEM
}
